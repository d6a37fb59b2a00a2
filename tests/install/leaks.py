"""What left the hosts, and whether an attempt to get out is stopped and seen."""

from __future__ import annotations

import re

from tests.install.hosts import GATEWAY, Host

OUTSIDE = "192.0.2.1"  # an address of documentation: nobody's
ATTEMPT = f"""
import socket
for kind, port in ((socket.SOCK_STREAM, 443), (socket.SOCK_DGRAM, 53)):
    one = socket.socket(socket.AF_INET, kind)
    one.settimeout(3)
    try:
        one.connect(("{OUTSIDE}", port))
        one.send(b"planted")
        print("open", port)
    except OSError as exc:
        print("closed", port, exc)
"""
MEASURED = re.compile(r'^plumbline_egress_(\w+)_packets_total\{service="(\w+)"\} (\d+)$', re.M)


def drops(host: Host) -> dict[tuple[str, str], int]:
    """Return the firewall's counters: ("dropped" or "names", service) to packets."""
    return {
        (what, service): int(packets)
        for what, service, packets in MEASURED.findall(host.run("plumbline-drops"))
    }


def stray(counters: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Leave out what the services themselves try, to prove that they cannot get out."""
    return {key: packets for key, packets in counters.items() if key[0] != "probes"}


def plant_leak(host: Host, user: str) -> str:
    """Give the host a route out, try to use it as a service's user, and say what came of it."""
    host.run("ip", "route", "replace", "default", "via", GATEWAY)
    try:
        return host.run("runuser", "-u", user, "--", "python3", "-c", ATTEMPT)
    finally:
        host.run("ip", "route", "del", "default")
