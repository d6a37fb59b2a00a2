"""A corner of this machine where a trial may fill the disk and slow the network without harm to others.

A mount namespace gives the data folder a disk of its own, a network namespace a loopback of its own
and nothing else. Where the machine allows neither, the trial runs without them and says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MARK = "TRIAL_IS_ISOLATED"
SLOWED = (
    ("tc", "qdisc", "replace", "dev", "lo", "root", "netem", "delay", "300ms", "10ms"),
    ("tc", "qdisc", "replace", "dev", "lo", "root", "tbf", "rate", "128kbit", "burst", "3kb",
     "latency", "400ms"),
)  # fmt: skip
ALONE = ("unshare", "--mount", "--net", "--propagation", "private")


def is_isolated() -> bool:
    return os.environ.get(MARK) == "yes"


def isolate(module: str, arguments: Sequence[str]) -> None:
    """Begin anew inside namespaces; return where that was done already, or cannot be done."""
    if MARK in os.environ:
        if is_isolated():
            _run("ip", "link", "set", "lo", "up")
        return
    possible = os.geteuid() == 0 and _works(*ALONE, "ip", "link", "set", "lo", "up")
    os.environ[MARK] = "yes" if possible else "no"
    if possible:
        command = [*ALONE, sys.executable, "-m", module, *arguments]
        os.execvp(command[0], command)  # noqa: S606  this program itself, begun anew


def give_disk(folder: Path, megabytes: int) -> None:
    """Put the folder on a disk of its own, of so many megabytes."""
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder))


def take_disk(folder: Path) -> None:
    """Let go of that disk, with everything on it."""
    _run("umount", "--lazy", str(folder))


def slow_network() -> None:
    """Let everything take 300 ms longer; where the kernel has no netem, come at 128 kbit a second."""
    _run("ip", "link", "set", "lo", "mtu", "1500")
    if not any(_works(*way) for way in SLOWED):
        raise OSError("the kernel can slow no network: neither netem nor tbf")


def heal_network() -> None:
    _run("tc", "qdisc", "del", "dev", "lo", "root")


def can_slow_network() -> bool:
    return is_isolated() and shutil.which("tc") is not None


def _works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
