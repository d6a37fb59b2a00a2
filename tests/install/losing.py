"""A host is lost: the database's server is killed, and the replica takes its place."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.install.daytwo import asking_health, play
from tests.install.ending import records
from tests.install.hosts import Host, HostFailed
from tests.install.outside import wait_until


@dataclass(frozen=True, slots=True)
class Promoted:
    """What the promotion cost."""

    seconds_without_pages: int
    records_lost: int


def promote(host: Host, replica: Host, bundle: str) -> Promoted:
    """Kill the database, have the replica promoted, and wait until the pages answer again."""
    wait_until(
        replica,
        "the replica follows",
        "sh",
        "-c",
        _asking("SELECT status FROM pg_stat_wal_receiver", "streaming"),
    )
    before = records(host)
    started = time.monotonic()
    host.run("systemctl", "kill", "--signal=KILL", "postgresql@17-main")
    play(host, bundle, "--play", "promote")
    wait_until(host, "the pages answer", "python3", "-c", asking_health(host))
    gone = round(time.monotonic() - started)
    if host.run("systemctl", "is-active", "postgresql@17-main", check=False).strip() == "active":
        raise HostFailed("the former database runs beside the new one")
    return Promoted(gone, max(0, before - records(host)))


def _asking(query: str, answer: str) -> str:
    return f"runuser -u postgres -- psql -Atc '{query}' | grep -qx '{answer}'"
