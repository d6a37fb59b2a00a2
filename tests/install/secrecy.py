"""Where the site's secrets are on a host that runs: in files of root and in credentials, nowhere else (H13)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.install.hosts import Host

SECRETS = "/etc/plumbline-site"
NAMES = (
    "database", "database-owner", "database-replicator", "broker", "model-api-key", "secret-key", "secret-key.old",
    "audit.pem", "tls/authority.key",
)  # fmt: skip
LOOKED_AT = ("etc", "opt/plumbline", "var/lib/plumbline", "srv/models", "run/systemd/system")
LARGEST = 1_000_000


def values(control: Host) -> dict[str, bytes]:
    """Return the site's passwords and keys by name."""
    folder = control.path(SECRETS)
    return {
        name: (folder / name).read_bytes().strip() for name in NAMES if (folder / name).exists()
    }


def in_processes(host: Host, secrets: dict[str, bytes]) -> list[str]:
    """Return each process whose environment or command line holds a secret, or that may dump its memory."""
    return sorted(_complaints(host, secrets))


def _complaints(host: Host, secrets: dict[str, bytes]) -> Iterator[str]:
    users = ("plumbline", "model-")
    for line in host.run("ps", "-eo", "pid=,user:40=").splitlines():
        pid, user = line.split()
        # Read in the host, whose numbers these are; a process may have ended since.
        read = f"cat /proc/{pid}/environ /proc/{pid}/cmdline 2>/dev/null || true"
        seen = host.run("sh", "-c", read).encode(errors="surrogateescape")
        for name, value in secrets.items():
            if value in seen:
                yield f"{user} {pid} shows {name}"
        if user.startswith(users):
            limits = host.run("sh", "-c", f"cat /proc/{pid}/limits 2>/dev/null || true")
            cores = [one.split()[4:6] for one in limits.splitlines() if one.startswith("Max core")]
            if cores and cores != [["0", "0"]]:
                yield f"{user} {pid} may dump its memory"


def in_files(host: Host, secrets: dict[str, bytes]) -> list[str]:
    """Return the files that others than their owner and its group may read, and that hold a secret."""
    found = []
    for name in LOOKED_AT:
        for path in host.path(name).rglob("*"):
            if _is_open(path) and (
                held := [one for one, value in secrets.items() if value in path.read_bytes()]
            ):
                found.append(f"/{path.relative_to(host.folder)} holds {', '.join(held)}")
    return sorted(found)


def _is_open(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    state = path.stat()
    return bool(state.st_mode & 0o004) and state.st_size <= LARGEST
