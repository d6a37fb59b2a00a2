"""What is recorded arrives at a collector and in files, once, and waits while nobody answers."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from appliance.audit.actions import Action, Outcome
from appliance.audit.heads import sign_head
from appliance.audit.models import Event, SinkCursor
from appliance.audit.recording import record
from appliance.audit.sinks.delivery import deliver_all, lags
from appliance.audit.sinks.syslog import Collector, message_of
from appliance.web.auditing.checks import check_audit_delivery
from tests.certificates import Authority
from tests.listeners import listening

pytestmark = [pytest.mark.services, pytest.mark.django_db]

# RFC 5424, 6: priority and version, time, host, program, process, kind, structured data, text.
SYSLOG = re.compile(
    r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) (\S{1,255}) plumbline - (\S{1,32})"
    r' \[meta sequenceId="(\d+)"\] (.*)',
    re.DOTALL,
)
Wrap = Callable[[socket.socket], socket.socket]


def _unframed(text: bytes) -> Iterator[bytes]:
    while text:
        length, _, text = text.partition(b" ")
        yield text[: int(length)]
        text = text[int(length) :]


@dataclass(frozen=True)
class Collected:
    """What a collector that listens on `port` has received, message by message."""

    port: int
    received: list[bytes]


@contextmanager
def collecting(wrap: Wrap = lambda plain: plain) -> Iterator[Collected]:
    """Take connections, read what they send to the end, and count the octets."""
    received: list[bytes] = []

    def serve(plain: socket.socket) -> None:
        with wrap(plain) as connection:
            text = b""
            while piece := connection.recv(65536):
                text += piece
            received.extend(_unframed(text))

    with listening(serve) as port:
        yield Collected(port, received)


def _told(messages: list[bytes]) -> list[int]:
    found = []
    for message in messages:
        match = SYSLOG.fullmatch(message.decode())
        assert match, message
        told = json.loads(match[6])
        if match[4] != "audit.head":
            assert told["metadata"]["sequence"] == int(match[5])
            found.append(int(match[5]))
    return found


def test_a_collector_gets_every_record_once(events: list[Event], settings: Settings) -> None:
    with collecting() as listener:
        settings.AUDIT_SYSLOG = f"tcp://127.0.0.1:{listener.port}"
        deliver_all()
        assert _told(listener.received) == list(range(1, 11))
        record(Action.SIGN_IN_FAILED, actor="ana\r\n<0>1 forged", outcome=Outcome.DENIED)
        sign_head()
        deliver_all()
        deliver_all()
        assert _told(listener.received) == list(range(1, 12))
    assert listener.received[10].startswith(b"<108>1 ")  # log audit, warning
    assert b"\n" not in b"".join(listener.received)
    head = SYSLOG.fullmatch(listener.received[11].decode())
    assert head is not None
    assert (head[4], json.loads(head[6])["sequence"]) == ("audit.head", 11)


def test_nothing_is_lost_while_the_collector_is_away(
    events: list[Event], settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.AUDIT_SYSLOG = f"tcp://127.0.0.1:{port}"
    deliver_all()
    [lag] = lags()
    assert (lag.name, lag.waiting, bool(lag.error)) == ("syslog", 10, True)
    assert check_audit_delivery().state == "failed"
    with collecting() as listener:
        settings.AUDIT_SYSLOG = f"tcp://127.0.0.1:{listener.port}"
        deliver_all()
        assert _told(listener.received) == list(range(1, 11))
    [lag] = lags()
    assert (lag.waiting, lag.oldest, lag.error) == (0, None, "")
    assert check_audit_delivery().state == "ok"


def test_a_collector_that_breaks_off_gets_it_again(events: list[Event], settings: Settings) -> None:
    """It resets the first connection after reading: it did not say that it has everything."""
    seen = []

    def reset_once(plain: socket.socket) -> socket.socket:
        seen.append(plain.recv(10))
        if len(seen) == 1:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            plain.close()
        return plain

    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: reset_once(server.accept()[0]), daemon=True)
    thread.start()
    settings.AUDIT_SYSLOG = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    deliver_all()
    thread.join(5)
    server.close()
    assert seen
    assert SinkCursor.objects.get().sequence == 0


def test_over_tls_the_collector_must_prove_who_it_is(
    events: list[Event], settings: Settings, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = Authority(tmp_path)
    pair = authority.issue("collector")
    context.load_cert_chain(pair.certificate, pair.key)

    def wrap(plain: socket.socket) -> socket.socket:
        return context.wrap_socket(plain, server_side=True)

    with collecting(wrap) as listener:
        settings.AUDIT_SYSLOG = f"tls://127.0.0.1:{listener.port}"
        deliver_all()
        assert "certificate" in lags()[0].error
        settings.AUDIT_SYSLOG_CA_FILE = str(authority.file)
        deliver_all()
    assert _told(listener.received) == list(range(1, 11))


def test_over_udp_each_record_is_a_datagram(events: list[Event], settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        settings.AUDIT_SYSLOG = f"udp://127.0.0.1:{listener.getsockname()[1]}"
        deliver_all()
        assert _told([listener.recv(65536) for _ in range(10)]) == list(range(1, 11))


@pytest.mark.parametrize("address", ["", "http://x", "tcp://", "file:///etc", "tcp://h:99999"])
def test_an_address_that_is_none_is_refused_in_words(address: str) -> None:
    with pytest.raises(ValueError, match=r"write tls://|[Pp]ort"):
        Collector.at(address)


def test_a_message_has_the_form_of_rfc_5424(events: list[Event]) -> None:
    match = SYSLOG.fullmatch(message_of(events[0]).decode())
    assert match is not None
    assert (match[1], match[4]) == ("110", "file.read")  # facility 13, informational


def _lines(file: Path) -> list[int]:
    return [json.loads(line)["metadata"]["sequence"] for line in file.read_text().splitlines()]


def test_files_hold_every_record_once_by_day(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    for number in range(4):
        now = day + timedelta(seconds=number)
        monkeypatch.setattr("appliance.audit.recording.timezone.now", lambda now=now: now)
        record(Action.SIGNED_IN, actor="ana")
    settings.AUDIT_FOLDER = str(tmp_path / "logs")
    deliver_all()
    deliver_all()
    assert _lines(tmp_path / "logs/audit-2026-03-01.jsonl") == [1]
    assert _lines(tmp_path / "logs/audit-2026-03-02.jsonl") == [2, 3, 4]
    assert (tmp_path / "logs/audit-2026-03-02.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_run_that_was_killed_while_writing_leaves_no_double_and_no_half_line(
    events: list[Event], settings: Settings, tmp_path: Path
) -> None:
    settings.AUDIT_FOLDER = str(tmp_path)
    deliver_all()
    [file] = tmp_path.glob("audit-*.jsonl")
    whole = file.read_text()
    lines = whole.splitlines(keepends=True)
    file.write_text("".join(lines[:6]) + lines[6][:40])
    SinkCursor.objects.update(sequence=3)
    deliver_all()
    assert file.read_text() == whole
