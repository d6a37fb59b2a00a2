"""An outside that must not be reached: a machine on the hosts' cable that takes every connection."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.install.hosts import BRIDGE, Host, HostFailed

NAMESPACE, CABLE = "plumb-outside", "plumb-out0"
ROUTER, TAKEN = "10.99.7.250", "1.1.1.1"  # one of the addresses that the services try
BREACH = "/run/systemd/system/plumbline-.service.d/99-breach.conf"
TAKING = f"""
import socket
with socket.create_server(("{TAKEN}", 443)) as server:
    print("ready", flush=True)
    while True:
        server.accept()[0].close()
"""


@contextmanager
def outside() -> Iterator[None]:
    """Have somebody answer at a public address, in a network namespace of its own."""
    _ip("netns", "add", NAMESPACE)
    try:
        _ip("link", "add", CABLE, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
        _ip("link", "set", CABLE, "master", BRIDGE, "up")
        for words in (
            ("addr", "add", f"{ROUTER}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{TAKEN}/32", "dev", "lo"),
        ):
            _ip("-n", NAMESPACE, *words)
        with subprocess.Popen(
            ["ip", "netns", "exec", NAMESPACE, sys.executable, "-c", TAKING],
            stdout=subprocess.PIPE, text=True,
        ) as server:  # fmt: skip
            if server.stdout is None or server.stdout.readline() != "ready\n":
                raise HostFailed("nobody answers outside")
            try:
                yield
            finally:
                server.kill()
    finally:
        _ip("netns", "del", NAMESPACE)


@contextmanager
def breached(host: Host) -> Iterator[None]:
    """Open both walls of a host to the outside, as somebody careless would; and close them again."""
    host.run("ip", "route", "replace", "default", "via", ROUTER)
    host.run("nft", "insert", "rule", "inet", "plumbline", "output", "ip", "daddr", TAKEN, "accept")
    host.run("mkdir", "-p", BREACH.rpartition("/")[0])
    # By the host itself: what it mounts at /run is not seen from this machine.
    host.run("sh", "-c", f"printf '[Service]\\nIPAddressAllow={TAKEN}\\n' > {BREACH}")
    host.run("systemctl", "daemon-reload")
    try:
        yield
    finally:
        host.run("rm", BREACH)
        host.run("systemctl", "daemon-reload")
        host.run("systemctl", "reload", "nftables")
        host.run("ip", "route", "del", "default")


def wait_until(host: Host, what: str, *command: str, timeout_s: float = 600) -> None:
    """Wait until a command succeeds in the host. Raises HostFailed."""
    deadline = time.monotonic() + timeout_s
    while not _succeeds(host, command):
        if time.monotonic() > deadline:
            raise HostFailed(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(2)


def _succeeds(host: Host, command: tuple[str, ...]) -> bool:
    try:
        host.run(*command)
    except HostFailed:
        return False
    return True


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
