"""A backup, the end of a site, and its beginning anew from the backup on an empty host."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tests.install.daytwo import all_serve, play
from tests.install.hosts import HOME, Host
from tests.install.remains import left_running, remains

KEPT = f"{HOME}/newest.backup"
WORKERS = (
    "plumbline-worker",
    "plumbline-worker-embed",
    "plumbline-worker-ask",
    "plumbline-scheduler",
)
RECORDS = "from appliance.audit.models import Event; print('records', Event.objects.count())"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back, and how long it took."""

    install_s: int
    restore_s: int


def back_up(host: Host) -> str:
    """Have the nightly unit make a backup; return its file, kept where an administrator would keep it."""
    host.run("systemctl", "start", "plumbline-backup.service")
    newest = host.run("sh", "-c", "ls -t /var/backups/plumbline/*.backup | head -1").strip()
    host.run("cp", newest, KEPT)
    return newest


def uninstall(host: Host, bundle: str, address: str, base: Path) -> list[str]:
    """Take the site away and return what is left of it."""
    play(host, bundle, "--play", "uninstall", "--extra-vars", f"uninstall_site={address}")
    return [*left_running(host), *remains(host, base)]


def install_and_restore(host: Host, bundle: str) -> Restored:
    """Install on the empty host with the secrets of before, and put the backup back."""
    started = time.monotonic()
    play(host, bundle)
    installed = time.monotonic()
    host.run("systemctl", "stop", *WORKERS)
    # `plumbline` runs as a user of its own: it reads what lies in its folder.
    inside = "/var/lib/plumbline/newest.backup"
    host.run("install", "--owner=plumbline", "--group=plumbline", "--mode=0600", KEPT, inside)
    host.run("plumbline", "restore", inside, "--yes")
    host.run("plumbline", "migrate", "--no-input")
    host.run("rm", inside)
    host.run("systemctl", "start", *WORKERS)
    all_serve(host)
    return Restored(round(installed - started), round(time.monotonic() - installed))


def records(host: Host) -> int:
    """Return how many records the audit holds."""
    said = host.run("plumbline", "shell", "--command", RECORDS)
    return int(said.rpartition("records ")[2])
