"""What is kept on this machine: the appliance's address, the token, and the thread asked in last.

The token stands in a file that only its person can read; PLUMBLINE_TOKEN goes before it. A kept
token is sent to the appliance that gave it and to no other.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from plumbline_cli.errors import CliError, NotSignedIn

SIGN_IN = "Sign in first: plumbline login https://your-plumbline.example"


@dataclass(frozen=True)
class Kept:
    """What `login` leaves behind."""

    url: str = ""
    token: str = field(default="", repr=False)
    user: str = ""
    ca: str = ""


@dataclass(frozen=True)
class Place:
    """Where the appliance is, and what opens it."""

    url: str
    token: str = field(repr=False)
    ca: str = ""


def config_file() -> Path:
    return _folder("XDG_CONFIG_HOME", ".config") / "config.json"


def last_file() -> Path:
    return _folder("XDG_STATE_HOME", ".local/state") / "last.json"


def _folder(name: str, otherwise: str) -> Path:
    given = os.environ.get(name, "")
    base = Path(given) if Path(given).is_absolute() else Path.home() / otherwise
    return base / "plumbline"


def read_kept() -> Kept:
    """Return what was kept; refuses a file that others can read."""
    path = config_file()
    fields = _read(path)
    if not fields:
        return Kept()
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise CliError(f"Others can read your token. Close the file first: chmod 600 {path}")
    return Kept(**{name: str(fields.get(name, "")) for name in asdict(Kept())})


def keep(kept: Kept) -> Path:
    path = config_file()
    _write(path, asdict(kept))
    return path


def forget() -> bool:
    """Forget the token; False when there was none."""
    path = config_file()
    was_there = path.exists()
    path.unlink(missing_ok=True)
    last_file().unlink(missing_ok=True)
    return was_there


def place_of(url: str, ca: str) -> Place:
    """Return where to go: what the command names, else the environment, else what is kept."""
    kept = read_kept()
    chosen = (url or os.environ.get("PLUMBLINE_URL", "") or kept.url).rstrip("/")
    if not chosen:
        raise NotSignedIn(SIGN_IN)
    token = os.environ.get("PLUMBLINE_TOKEN", "")
    if not token and chosen == kept.url:
        token = kept.token
    if not token:
        raise NotSignedIn(f"There is no token for {chosen}. Sign in: plumbline login {chosen}")
    return Place(chosen, token, chosen_ca(ca, kept if chosen == kept.url else Kept()))


def chosen_ca(ca: str, kept: Kept) -> str:
    return ca or os.environ.get("PLUMBLINE_CA", "") or kept.ca


def read_last(url: str) -> str:
    """Return the thread in which this appliance was asked last; empty when there is none."""
    return str(_read(last_file()).get(url, ""))


def keep_last(url: str, thread: str) -> None:
    _write(last_file(), {**_read(last_file()), url: thread})


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise CliError(f"{path} cannot be read: {exc}. Remove it and sign in again.") from None
    return fields if isinstance(fields, dict) else {}


def _write(path: Path, fields: dict[str, Any]) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(fields, file, indent=1)
        Path(name).replace(path)
    except OSError as exc:
        raise CliError(f"{path} cannot be written: {exc.strerror}.") from None
