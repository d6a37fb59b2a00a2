"""C13: clients that drip, and requests of ten thousand headers, hold up nobody and leave nothing."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from tests.journeys.serving import served

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

CLIENTS = 100
IN_HEADERS = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Drip: a"
IN_BODY = (
    b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=a"
)


@pytest.fixture
def address(db: None) -> Iterator[str]:
    with served() as url:
        yield url


@contextmanager
def dripping(address: str) -> Iterator[list[socket.socket]]:
    """Open so many connections, half of them stuck in their headers, half in their body."""
    where = urlsplit(address)
    with ExitStack() as stack:
        opened = []
        for number in range(CLIENTS):
            one = stack.enter_context(socket.create_connection((where.hostname, where.port), 30))
            one.sendall(IN_HEADERS if number % 2 else IN_BODY)
            opened.append(one)
        yield opened


def test_c13_a_hundred_clients_that_drip_hold_up_nobody(address: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as browser:
        assert browser.get("/accounts/login/").status_code == 200
        before = threading.active_count()
        with dripping(address) as opened:
            for _ in range(3):
                for one in opened:
                    one.sendall(b"a")
                assert browser.get("/accounts/login/").status_code == 200
            assert threading.active_count() <= before + (os.cpu_count() or 1)
        assert browser.get("/accounts/login/").status_code == 200


def test_c13_ten_thousand_headers_are_refused_before_any_page(address: str) -> None:
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), 30) as one:
        one.settimeout(60)
        lines = b"".join(b"X-Header-%d: value\r\n" % number for number in range(10_000))
        try:
            one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + lines + b"\r\n")
            answer = one.recv(200)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""  # it was cut off while it was still sending
    assert answer == b"" or answer.split(b" ")[1] in {b"400", b"413", b"431"}, answer
    assert httpx.get(f"{address}/accounts/login/", timeout=60).status_code == 200
