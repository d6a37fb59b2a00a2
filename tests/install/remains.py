"""What an uninstall leaves: files that no package of Debian put there, users, units, rules (H14)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.install.hosts import HOME, Host

LOOKED_AT = (
    "etc",
    "home",
    "opt",
    "root",
    "srv",
    "usr/local",
    "var/backups",
    "var/lib",
    "var/spool",
)
# What docs/day-two.md says stays, what the drill brought, and what Debian's own programs write (of
# time and language too, whose packages stay).
STAYS = (
    "/etc/plumbline-site", "/opt/plumbline-ansible", "/var/backups/plumbline",
    "/srv/repositories", "/srv/site", "/srv/key.pub", "/srv/install.log", "/srv/next", "/srv/drill-install.log",
    f"{HOME}/.ansible", f"{HOME}/newest.backup", "/etc/.updated", "/etc/locale.",
    "/etc/systemd/system/dbus-org.freedesktop.timesync1.service", "/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service",
    f"{HOME}/.cache", f"{HOME}/.ssh", "/etc/alternatives", "/etc/ld.so.cache", "/etc/rc", "/etc/ssl/certs",
    "/var/lib/apt", "/var/lib/dpkg", "/var/lib/systemd", "/var/lib/ucf", "/var/lib/python",
)  # fmt: skip
# Of hosts as they run, or edited in place by Debian's programs.
EDITED = ("passwd", "group", "shadow", "gshadow", "subuid", "subgid", ".pwd.lock", "machine-id")
OURS = ("plumbline", "model-server", "model-gateway")


def remains(host: Host, base: Path) -> list[str]:
    """Return the paths that the bare system had not, and no package owns."""
    owned = set(_owned(host.folder))
    return sorted(
        path
        for path in _paths(host.folder)
        if path not in owned
        and not path.startswith(STAYS)
        and Path(path).name.rstrip("-") not in EDITED
        and "__pycache__" not in path
        and not (base / path[1:]).is_symlink()
        and not (base / path[1:]).exists()
    )


def _paths(root: Path) -> Iterator[str]:
    for name in LOOKED_AT:
        for path in (root / name).rglob("*"):
            yield f"/{path.relative_to(root)}"


def _owned(root: Path) -> Iterator[str]:
    info = root / "var/lib/dpkg/info"
    for listed in [*info.glob("*.list"), *info.glob("*.conffiles")]:
        yield from listed.read_text(encoding="utf-8").splitlines()


def left_running(host: Host) -> list[str]:
    """Return the users, groups, units, processes and rules that bear our name."""
    left = [
        f"{kind} {line.split(':')[0]}"
        for kind in ("passwd", "group")
        for line in host.run("getent", kind).splitlines()
        if line.startswith(OURS)
    ]
    units = host.run("systemctl", "list-units", "--all", "--no-legend", "--plain").splitlines()
    left += [f"unit {line.split()[0]}" for line in units if line.startswith(OURS)]
    processes = host.run("ps", "-eo", "user:40,args").splitlines()
    left += [f"process {line}" for line in processes if line.startswith(OURS)]
    if rules := host.run(
        "sh", "-c", "command -v nft >/dev/null && nft list ruleset || true"
    ).strip():
        left.append(f"rules {rules.splitlines()[0]}")
    return left
