"""The data folder of local mode: where each thing lies, who may read it, and its settings file."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# A unix socket's path must fit in 104 bytes on macOS, 108 on Linux; the longest of ours is the
# process manager's, which it makes under a name with its process id behind.
SOCKET_PATH_BYTES = 103
LONGEST_SOCKET = "supervisor.sock.4194304"


OPERATOR_HEAD = "# Settings of your own go here, as NAME=value; they win over those below.\n\n"
OWN_HEAD = "# Written anew by each start, from this line to the end."


class HomeInUse(Exception):
    """Another start works on this data folder at this moment."""


class UnsafeFolder(Exception):
    """A folder that must be private belongs to somebody else or is open to others."""


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder, and the private folder of its sockets."""

    folder: Path
    sockets: Path

    @property
    def settings_file(self) -> Path:
        return self.folder / "settings.env"

    @property
    def password_file(self) -> Path:
        return self.folder / "admin-password"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def database(self) -> Path:
        return self.folder / "postgres"

    @property
    def database_sockets(self) -> Path:
        return self.sockets / "postgres"

    @property
    def queue_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def control_socket(self) -> Path:
        return self.sockets / "supervisor.sock"

    @property
    def control_file(self) -> Path:
        return self.folder / "supervisord.conf"

    @property
    def timings_file(self) -> Path:
        return self.folder / "start.json"

    @property
    def model_state_file(self) -> Path:
        return self.folder / "model.json"

    @property
    def lock_file(self) -> Path:
        return self.folder / "start.lock"

    def log_of(self, program: str) -> Path:
        return self.logs / f"{program}.log"


def home_from(environ: Mapping[str, str]) -> Home:
    folder = Path(environ.get("PLUMBLINE_HOME") or ROOT / ".plumbline").expanduser().resolve()
    return Home(folder, sockets_folder(folder, runtime_folder(environ)))


def runtime_folder(environ: Mapping[str, str]) -> Path:
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    return runtime if runtime.is_dir() else Path(tempfile.gettempdir())


def sockets_folder(folder: Path, runtime: Path) -> Path:
    """Return the folder for sockets: inside the data folder unless its path is too long."""
    inside = folder / "run"
    if len(os.fsencode(inside / LONGEST_SOCKET)) <= SOCKET_PATH_BYTES:
        return inside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return runtime / f"plumbline-{os.geteuid()}-{digest}"


def make_folders(home: Home) -> None:
    """Make the folders, closed to everybody else.

    As root the group root may pass through them: PostgreSQL refuses to run as root, and runs as
    a user of its own with that group.
    """
    mode = 0o710 if os.geteuid() == 0 else 0o700
    home.folder.mkdir(parents=True, exist_ok=True)
    home.folder.chmod(mode)
    for folder in (home.sockets, home.logs):
        make_private(folder, mode)


def make_private(folder: Path, mode: int) -> None:
    """Make a folder, or take it only if it is ours: the temporary folder is open to all."""
    folder.mkdir(mode=mode, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise UnsafeFolder(f"{folder} belongs to somebody else: remove it and start again.")
    folder.chmod(mode)


@contextmanager
def starting(home: Home) -> Iterator[None]:
    """Hold the data folder while it is being started: two starts would undo each other."""
    with home.lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(in_use(home)) from None
        yield


def in_use(home: Home) -> str:
    return (
        f"Plumbline already runs on {home.folder}: use it, stop it with 'make down', "
        "or name another data folder with PLUMBLINE_HOME."
    )


def read_settings(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    settings: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            settings.setdefault(name.strip(), value.strip())
    return settings


def write_settings(file: Path, values: Mapping[str, str]) -> None:
    """Replace what an earlier start wrote and keep the lines above it, which win over ours."""
    before = file.read_text(encoding="utf-8") if file.is_file() else OPERATOR_HEAD
    lines = [f"{name}={value}" for name, value in sorted(values.items())]
    write_private(file, "\n".join([before.partition(OWN_HEAD)[0] + OWN_HEAD, *lines, ""]))


def write_private(file: Path, text: str) -> None:
    """Replace a file in one step; it is never open to others, not even for a moment."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(name).replace(file)


def secret_key(settings: Mapping[str, str]) -> str:
    """Return the key of the last start, or make one: a new one would end every session."""
    return settings.get("PLUMBLINE_SECRET_KEY") or secrets.token_urlsafe(48)
