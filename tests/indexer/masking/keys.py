"""Made-up keys in the formats of their issuers, and what looks like one: built here, never real."""

from __future__ import annotations

import random
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from uuid import UUID

ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"

Dice = random.Random


def pick(dice: Dice, letters: str, length: int) -> str:
    return "".join(dice.choices(letters, k=length))


def jwt(dice: Dice) -> str:
    parts = ('{"alg":"HS256"}', f'{{"sub":"{pick(dice, ALNUM, 20)}"}}')
    body = ".".join(urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return f"{body}.{pick(dice, ALNUM + '-_', 43)}"


def private_key(dice: Dice) -> str:
    kind = dice.choice(["RSA ", "EC ", "OPENSSH ", ""])
    lines = [pick(dice, ALNUM + "+/", 64) for _ in range(dice.randint(3, 20))]
    mark = f"{kind}PRIVATE KEY-----"
    return "\n".join([f"-----BEGIN {mark}", *lines, f"-----END {mark}"])


KINDS: dict[str, Callable[[Dice], str]] = {
    "aws id": lambda d: "AKIA" + pick(d, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    "github classic": lambda d: "ghp_" + pick(d, ALNUM, 36),
    "github fine-grained": lambda d: "github_pat_" + pick(d, ALNUM, 22) + "_" + pick(d, ALNUM, 59),
    "gitlab": lambda d: "glpat-" + pick(d, ALNUM, 20),
    "slack": lambda d: f"xoxb-{pick(d, string.digits, 12)}-{pick(d, LOWER, 24)}",
    "stripe": lambda d: "sk_live_" + pick(d, ALNUM, 24),
    "google": lambda d: "AIza" + pick(d, ALNUM + "-_", 35),
    "jwt": jwt,
    "private key": private_key,
    "npm": lambda d: "npm_" + pick(d, ALNUM, 36),
    "pypi": lambda d: "pypi-AgEIcHlwaS5vcmc" + pick(d, ALNUM, 90),
    "azure storage": lambda d: "AccountKey=" + pick(d, ALNUM, 86) + "==",
    "azure app": lambda d: pick(d, ALNUM, 3) + "8Q~" + pick(d, ALNUM, 34),
    "sendgrid": lambda d: f"SG.{pick(d, ALNUM, 22)}.{pick(d, ALNUM, 43)}",
    "twilio": lambda d: "SK" + pick(d, LOWER, 32),
    "basic auth": lambda d: f"https://deploy:{pick(d, ALNUM, 16)}@git.corp.test/x.git",
    "database": lambda d: f"postgresql://app:{pick(d, ALNUM, 20)}@db.corp.test/shop",
    "anthropic": lambda d: "sk-ant-api03-" + pick(d, ALNUM, 93) + "AA",
    "hugging face": lambda d: "hf_" + pick(d, ALNUM, 34),
    "digitalocean": lambda d: "dop_v1_" + pick(d, HEX, 64),
}
# A password without any format is known by its name alone.
NAMED = ("password", "db_password", "api_key", "client_secret", "SECRET_KEY")

FRAMES = (
    'TOKEN = "{}"\n',
    "token: {}\n",
    "export TOKEN={}\n",
    '{{"token": "{}"}}\n',
    "Set the token to `{}` and go on.\n",
    'client = Client("{}", timeout=3)\n',
    "curl -H 'X-Token: {}' https://api.corp.test/\n",
)

LOOK_ALIKES: tuple[Callable[[Dice], str], ...] = (
    lambda d: f'commit = "{pick(d, HEX, 40)}"',
    lambda d: f"id: {UUID(int=d.getrandbits(128))}",
    lambda d: f'integrity="sha384-{b64encode(d.randbytes(48)).decode()}"',
    lambda d: f"sha256:{pick(d, HEX, 64)}  package-{d.randint(1, 9)}.tar.gz",
    lambda d: 'password = os.environ["DB_PASSWORD"]',
    lambda d: 'api_key = settings.get("api_key")',
    lambda d: "password: ${DATABASE_PASSWORD}",
    lambda d: 'secret: "{{ vault.shop_secret }}"',
    lambda d: 'password = "changeme"',
    lambda d: 'api_key = "your-api-key-here"',
    lambda d: f'img = "data:image/png;base64,{b64encode(d.randbytes(90)).decode()}"',
    lambda d: "https://example.com/path?token_type=bearer",
    lambda d: "git clone https://user@git.corp.test/shop.git",
    lambda d: f"ssh-ed25519 {b64encode(d.randbytes(51)).decode()} ana@corp.test",
    lambda d: "def reset_password(user, new_password): return hash_password(new_password)",
    lambda d: f'PASSWORD_FIELD = "password_{pick(d, string.ascii_lowercase, 5)}"',
    lambda d: "-----BEGIN PUBLIC KEY-----",
    lambda d: f"CLSID {str(UUID(int=d.getrandbits(128))).upper()}",
    lambda d: 'assert token.kind == "identifier_token_kind"',
    lambda d: f"rgb = 0x{pick(d, HEX, 6)}; mask = 0x{pick(d, HEX, 16)}",
)
