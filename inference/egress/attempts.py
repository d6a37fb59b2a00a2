"""One attempt to get out, and what came of it. Each waits its time limit at most.

A path counts as open when something answered: a connection that was taken, a reply, a name that
resolved to a public address. A refusal counts as closed, because walls refuse too.
"""

from __future__ import annotations

import base64
import errno
import ipaddress
import secrets
import socket
import struct
from collections.abc import Callable
from typing import Literal, NamedTuple

from inference.egress.targets import DNS, NAME, NTP, PING, PROXY, TCP, THROUGH_PROXY, UNIX, Target

Outcome = Literal["open", "closed", "untried"]
ASKED_NAME = b"\x07example\x03com\x00"
ANSWER_BYTES = 2048
NOT_PERMITTED = {errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}


class Ended(NamedTuple):
    """How one attempt ended, with a few words."""

    outcome: Outcome
    detail: str


def attempt(target: Target, limit_s: float) -> Ended:
    """Try one way out."""
    try:
        return TRIES[target.kind](target, limit_s)
    except TimeoutError:
        return Ended("closed", f"no answer within {limit_s:g} s")
    except OSError as exc:
        return Ended("closed", exc.strerror or str(exc))


def try_tcp(target: Target, limit_s: float) -> Ended:
    with socket.create_connection((target.host, target.port), timeout=limit_s):
        return Ended("open", "the connection was taken")


def try_unix(target: Target, limit_s: float) -> Ended:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(limit_s)
        line.connect(target.host)
        return Ended("open", "the connection was taken")


def try_dns(target: Target, limit_s: float) -> Ended:
    """Ask a name server itself, past the system's resolver."""
    number = secrets.token_bytes(2)
    question = (
        number + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + ASKED_NAME + b"\x00\x01\x00\x01"
    )
    _ask_by_udp(target, question, limit_s, lambda reply: reply[:2] == number)
    return Ended("open", "a name server answered")


def try_ntp(target: Target, limit_s: float) -> Ended:
    _ask_by_udp(target, b"\x23" + 47 * b"\x00", limit_s, lambda reply: len(reply) >= 48)
    return Ended("open", "a clock answered")


def _ask_by_udp(
    target: Target, message: bytes, limit_s: float, is_answer: Callable[[bytes], bool]
) -> None:
    family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.settimeout(limit_s)
        line.connect((target.host, target.port))  # packets of others are not handed over
        line.send(message)
        if not is_answer(line.recv(ANSWER_BYTES)):
            raise OSError("what came back was no answer")


def try_ping(target: Target, limit_s: float) -> Ended:
    """Send an echo request, where the system lets a user without rights."""
    is_v6 = ":" in target.host
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    protocol = socket.IPPROTO_ICMPV6 if is_v6 else socket.IPPROTO_ICMP
    try:
        line = socket.socket(family, socket.SOCK_DGRAM, protocol)
    except OSError as exc:
        if exc.errno in NOT_PERMITTED:
            return Ended("untried", "this user may not send such packets")
        raise
    with line:
        line.settimeout(limit_s)
        line.connect((target.host, 0))
        # The kernel writes number and checksum.
        line.send(struct.pack("!BBHHH", 128 if is_v6 else 8, 0, 0, 0, 1) + b"plumbline")
        reply = line.recv(ANSWER_BYTES)
    answers = 129 if is_v6 else 0
    if reply[:1] != bytes([answers]):
        return Ended("closed", "what came back was no answer")
    return Ended("open", "an echo came back")


def try_name(target: Target, limit_s: float) -> Ended:
    """Ask the system's resolver: who resolves names of the world passes questions on to it.

    It cannot be given a time limit; whoever calls stops waiting.
    """
    try:
        found = socket.getaddrinfo(target.host, 443, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        return Ended("closed", f"the name does not resolve: {exc.strerror}")
    addresses = [str(entry[4][0]) for entry in found]
    outside = [one for one in addresses if ipaddress.ip_address(one.partition("%")[0]).is_global]
    if not outside:
        return Ended("closed", f"the name resolves within: {addresses[0]}")
    return Ended("open", f"the name resolves to {outside[0]}")


def try_proxy(target: Target, limit_s: float) -> Ended:
    """Ask a proxy that the environment names for a connection to the outside."""
    with socket.create_connection((target.host, target.port), timeout=limit_s) as line:
        line.settimeout(limit_s)
        if target.scheme == "socks":
            return _through_socks(line)
        return _through_http(line, target.login)


def _through_http(line: socket.socket, login: str) -> Ended:
    told = f"CONNECT {THROUGH_PROXY} HTTP/1.1\r\nHost: {THROUGH_PROXY}\r\n"
    if login:
        told += f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}\r\n"
    line.sendall(f"{told}\r\n".encode())
    words = line.recv(ANSWER_BYTES).split(b" ", 2)
    if len(words) > 1 and words[1][:1] == b"2":
        return Ended("open", "the proxy connects to the outside")
    status = words[1][:3].decode("ascii", "replace") if len(words) > 1 else "nothing"
    return Ended("closed", f"the proxy answered {status}")


def _through_socks(line: socket.socket) -> Ended:
    host, _, port = THROUGH_PROXY.partition(":")
    line.sendall(b"\x05\x01\x00")
    if line.recv(2) != b"\x05\x00":
        return Ended("closed", "the proxy wants a login, or is none")
    line.sendall(b"\x05\x01\x00\x01" + socket.inet_aton(host) + int(port).to_bytes(2, "big"))
    reply = line.recv(ANSWER_BYTES)
    if reply[:2] == b"\x05\x00":
        return Ended("open", "the proxy connects to the outside")
    return Ended("closed", "the proxy refused")


TRIES: dict[str, Callable[[Target, float], Ended]] = {
    TCP: try_tcp,
    UNIX: try_unix,
    DNS: try_dns,
    NTP: try_ntp,
    PING: try_ping,
    NAME: try_name,
    PROXY: try_proxy,
}
