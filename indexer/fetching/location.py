"""Turn what a person typed as the place of a repository into a Location, or say what is wrong.

Only a narrow grammar passes: whatever this module accepts, git, curl and ssh must read the same
way, so unusual but legal addresses are refused rather than guessed at.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexer.errors import LocationRefused
from indexer.fetching.paths import find_repository
from indexer.fetching.policy import LocationPolicy, to_address

Kind = Literal["remote", "path", "bundle", "folder", "archive"]

LONGEST_LOCATION = 2000
LONGEST_REF = 250
DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22}

PATH_CHARACTERS = r"[A-Za-z0-9._~%+@:,=!()/-]"
URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<user>[^/@]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^/:@\[\]]*)(?::(?P<port>[0-9]*))?(?P<path>/.*)?"
)
SCP_LIKE = re.compile(
    r"(?:(?P<user>[^/@:]*)@)?(?P<host>\[[0-9A-Fa-f:]+\]|[^/:@\[\]]+):(?P<path>.+)"
)
HOST_NAME = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)
USER = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]*")
COMMIT_HASH = re.compile(r"[0-9a-f]{4,40}|[0-9a-f]{64}")
OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Location:
    """Where a source is: a remote, or a repository, bundle, folder or archive on this machine."""

    kind: Kind
    url_or_path: str
    host: str | None = None
    port: int | None = None
    scheme: str | None = None


def parse_location(text: str, policy: LocationPolicy) -> Location:
    """Return the place that the text names, or raise LocationRefused."""
    text = text.strip(" ")
    _check_text(text, "address")
    if len(text) > LONGEST_LOCATION:
        raise LocationRefused("too_long", f"An address has at most {LONGEST_LOCATION} characters.")
    if re.match(r"[A-Za-z0-9+.-]*::", text):  # ext::, fd::, any remote helper
        raise _scheme_refused(text.partition("::")[0], policy)
    if "://" in text:
        return _parse_url(text, policy)
    if (match := SCP_LIKE.fullmatch(text)) and "\\" not in text:
        return _parse_scp_like(match, policy)
    return _parse_path(text, policy)


def check_ref(name: str) -> str:
    """Return the name of a branch or tag, a pattern of names or a commit hash.

    Anything else raises LocationRefused. These are git's own rules for ref names, plus no dash in
    front, plus stars: * within a part, ** as a whole part.
    """
    name = name.strip(" ")
    _check_text(name, "branch, tag or commit")
    parts = name.split("/")
    broken = (
        len(name) > LONGEST_REF
        or any(character in name for character in " ~^:?[\\")
        or ".." in name
        or "@{" in name
        or name == "@"
        or name.endswith(".")
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
        or any("**" in part and part != "**" for part in parts)
    )
    if broken:
        raise LocationRefused(
            "ref_not_allowed",
            f"{name[:80]!r} cannot be the name of a branch or tag, nor a commit hash. "
            "Write it as git shows it, such as main or v1.2, or as a pattern, such as release/*.",
        )
    return name


def is_commit_hash(name: str) -> bool:
    return COMMIT_HASH.fullmatch(name) is not None


def _check_text(text: str, what: str) -> None:
    if not text:
        raise LocationRefused(
            "empty", f"Write an {what}." if what[0] == "a" else f"Write a {what}."
        )
    if text.startswith("-"):
        raise LocationRefused("starts_with_dash", f"No {what} may begin with a dash.")
    # Unicode's C* are controls, invisible formatting, surrogates and unassigned; Zl and Zp are
    # line breaks. Terminals, credential helpers and logs have each been fooled by one of them.
    if any(
        unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"} for c in text
    ):
        raise LocationRefused(
            "control_characters",
            f"The {what} holds line breaks or invisible characters. Type it instead of pasting it.",
        )


def _scheme_refused(scheme: str, policy: LocationPolicy) -> LocationRefused:
    allowed = ", ".join(f"{name}://" for name in sorted(policy.schemes))
    advice = " To connect a folder, write its path." if scheme.lower() == "file" else ""
    return LocationRefused(
        "url_scheme_not_allowed",
        f"Addresses of the kind {scheme[:20]!r} are not allowed. Use {allowed}.{advice}",
    )


def _parse_url(text: str, policy: LocationPolicy) -> Location:
    match = URL.fullmatch(text)
    scheme = text.partition("://")[0].lower()
    if scheme not in policy.schemes:
        raise _scheme_refused(scheme, policy)
    if match is None:
        raise _malformed()
    user, host, port, path = match["user"], match["host"].lower(), match["port"], match["path"]
    if user is not None:
        _check_user(user, scheme)
    _check_host(host, policy)
    number = _port(port)
    _check_path(path or "")
    authority = (f"{user}@" if user else "") + host + (f":{number}" if number else "")
    return Location(
        "remote",
        f"{scheme}://{authority}{path}",
        host=host.strip("[]"),
        port=number or DEFAULT_PORTS[scheme],
        scheme=scheme,
    )


def _parse_scp_like(match: re.Match[str], policy: LocationPolicy) -> Location:
    """Keep the form: its path counts from the user's home on the server, a URL's from the root."""
    user, host, path = match["user"], match["host"].lower(), match["path"]
    if "ssh" not in policy.schemes:
        raise _scheme_refused("ssh", policy)
    if path.startswith("-"):
        raise LocationRefused("starts_with_dash", "No path may begin with a dash.")
    if user is not None:
        _check_user(user, "ssh")
    _check_host(host, policy)
    _check_path("/" + path)
    return Location(
        "remote",
        (f"{user}@" if user else "") + f"{host}:{path}",
        host=host.strip("[]"),
        port=DEFAULT_PORTS["ssh"],
        scheme="ssh",
    )


def _check_user(user: str, scheme: str) -> None:
    if scheme != "ssh" or ":" in user:
        raise LocationRefused(
            "credentials_in_url",
            "The address holds a user name or a password. Leave them out of the address and "
            "enter them as the credential of this source.",
        )
    if user.startswith("-"):
        raise LocationRefused("starts_with_dash", "No user name may begin with a dash.")
    if not USER.fullmatch(user):
        raise _malformed()


def _check_host(host: str, policy: LocationPolicy) -> None:
    if host.startswith("-"):
        raise LocationRefused("starts_with_dash", "No host may begin with a dash.")
    if to_address(host) is None and (len(host) > 253 or not HOST_NAME.fullmatch(host)):
        raise LocationRefused(
            "host_malformed",
            "The host is not a plain host name or address. Write an international name in its "
            "xn-- form.",
        )
    # The last label of a name is never all digits: 0x7f.1 and 2130706433 are hidden addresses.
    if to_address(host) is None and re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
        raise LocationRefused(
            "host_malformed", "Write a numeric address in full, such as 10.0.0.7."
        )
    policy.check_host(host.strip("[]"))


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not 1 <= len(text) <= 5 or not 1 <= int(text) <= 65535:
        raise LocationRefused("port_malformed", "A port is a number from 1 to 65535.")
    return int(text)


def _check_path(path: str) -> None:
    decoded = re.sub(r"%([0-9A-Fa-f]{2})", lambda hit: chr(int(hit[1], 16)), path)
    if any(character < " " or character == "\x7f" for character in decoded):
        raise LocationRefused(
            "control_characters", "The path holds encoded line breaks or control characters."
        )
    if path in {"", "/"} or not re.fullmatch(PATH_CHARACTERS + "+", path):
        raise LocationRefused(
            "path_malformed",
            "The path of the address is missing or holds characters that must be percent-encoded. "
            "Copy the clone address that the git server shows.",
        )


def _malformed() -> LocationRefused:
    return LocationRefused(
        "url_malformed",
        "This is not an address of the form https://host/path or user@host:path.",
    )


def _parse_path(text: str, policy: LocationPolicy) -> Location:
    if not policy.paths_allowed:
        raise LocationRefused(
            "path_not_allowed",
            "Only addresses of git servers can be connected here. The operator can connect a "
            "folder or a bundle on the command line.",
        )
    found = find_repository(Path(text), policy.path_roots)
    return Location(found.kind, str(found.path))
