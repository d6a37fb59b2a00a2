"""The settings of local mode, written where every process and every command finds them."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from appliance.local import postgres, valkey
from appliance.local.choices import Choices, Model, ModelKind
from appliance.local.home import Home, read_settings, secret_key

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to
# The small model reads about 100 tokens a second on two cores: a longer prompt is a longer wait.
SMALL_MODEL_BUDGET = {
    "PLUMBLINE_PROMPT_TOKENS": "2600",
    "PLUMBLINE_ANSWER_TOKENS": "320",
    # By itself it cites in 3 of 8 answers; held to a grammar in 8 of 8 (docs/experiments.md).
    "PLUMBLINE_ANSWER_STYLE": "opened",
    # A long prompt is read for minutes before the first word.
    "PLUMBLINE_CHAT_SILENCE_LIMIT_S": "300",
    # As many as its profile (cpu-small) lets the server write at a time.
    "PLUMBLINE_ANSWERS_AT_ONCE": "4",
}
# Where the data folder is cannot stand in a file inside it.
NOT_KEPT = {"PLUMBLINE_HOME"}


def settings_for(
    home: Home, choices: Choices, *, model_port: int, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return what the file must say: what the person set in the environment, then what we decide."""
    given = {
        name: value
        for name, value in environ.items()
        if name.startswith("PLUMBLINE_") and name not in NOT_KEPT and "\n" not in value
    }
    earlier = read_settings(home.settings_file)
    decided = {
        "PLUMBLINE_SECRET_KEY": secret_key(earlier),
        "PLUMBLINE_DATABASE_URL": postgres.address(
            home.database_sockets, role=postgres.RUNTIME_ROLE
        ),
        "PLUMBLINE_DATABASE_OWNER_URL": postgres.address(home.database_sockets),
        "PLUMBLINE_BROKER_URL": valkey.address(home.queue_socket),
        "PLUMBLINE_CHAT_URL": chat_url(choices.model, model_port),
        "PLUMBLINE_CACHE": str(own_cache(environ)),
    }
    defaults = {"PLUMBLINE_HOSTS": ",".join(host_names(choices.bind))}
    if choices.model.kind is ModelKind.SMALL:
        defaults |= SMALL_MODEL_BUDGET
    if choices.model.is_served_here:
        defaults["PLUMBLINE_CHAT_PRIORITIES"] = "true"  # launch.py starts vLLM that way
    return defaults | given | decided


def chat_url(model: Model, port: int) -> str:
    if model.kind is ModelKind.NONE:
        return "none"
    return model.place if model.kind is ModelKind.SERVER else f"http://127.0.0.1:{port}"


def host_names(bind: str) -> list[str]:
    """Return the names under which a browser may ask: more than loopback only with BIND."""
    if bind in {"127.0.0.1", "localhost", "::1"}:
        return list(LOOPBACK)
    names = [*LOOPBACK, socket.gethostname(), socket.getfqdn()]
    if bind not in ANY_ADDRESS:
        return [*dict.fromkeys([*names, bind])]
    for addresses in psutil.net_if_addrs().values():
        names += [entry.address for entry in addresses if entry.family == socket.AF_INET]
    return [*dict.fromkeys(names)]


def model_port(home: Home) -> int:
    """Return the port of the last start if it is free, else one that is."""
    earlier = urlsplit(read_settings(home.settings_file).get("PLUMBLINE_CHAT_URL", ""))
    candidates = [earlier.port] if earlier.hostname == "127.0.0.1" and earlier.port else []
    for port in [*candidates, 0]:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def take_from_file(home: Home) -> None:
    """Remove PLUMBLINE_* from the environment: every process then reads the same file."""
    for name in [name for name in os.environ if name.startswith("PLUMBLINE_")]:
        del os.environ[name]
    os.environ["PLUMBLINE_HOME"] = str(home.folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "appliance.config.settings"


def own_cache(environ: Mapping[str, str]) -> Path:
    """Return the folder of fetched models, as appliance/config/settings.py does."""
    if cache := environ.get("PLUMBLINE_CACHE"):
        return Path(cache).expanduser().resolve()
    return Path(environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().resolve() / "plumbline"
