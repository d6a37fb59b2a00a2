"""A collector that speaks syslog: RFC 5424 over TLS (RFC 5425), TCP (RFC 6587) or UDP (RFC 5426).

The standard library's handler writes an older form and frames nothing, so the few lines are here.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from appliance.audit.actions import Outcome
from appliance.audit.exporting import line_of
from appliance.audit.heads import to_json
from appliance.audit.models import Event, Head

FACILITY = 13  # log audit
WARNING, INFORMATIONAL = 4, 6
PORTS = {"tls": 6514, "tcp": 601, "udp": 514}
TIMEOUT_S = 10.0
LARGEST_DATAGRAM = 60_000
MOST_SEQUENCE = 2_147_483_647  # RFC 5424, 7.3.1: then it begins anew


@dataclass(frozen=True, slots=True)
class Collector:
    """Where a collector listens."""

    scheme: str
    host: str
    port: int
    ca_file: str = ""

    @classmethod
    def at(cls, address: str, ca_file: str = "") -> Collector:
        """Read tls://host:port, tcp://... or udp://... Raises ValueError with a sentence."""
        parts = urlsplit(address)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"{address!r} is no address: write tls://, tcp:// or udp://host:port")
        return cls(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme], ca_file)

    def send(self, messages: Sequence[bytes]) -> None:
        """Send messages and make sure that they arrived, as far as the protocol tells.

        Over TCP the connection is closed from here and waited for to be closed from there: then
        the collector has read everything. Raises OSError otherwise. UDP tells nothing.
        """
        if self.scheme == "udp":
            self._send_datagrams(messages)
            return
        framed = b"".join(b"%d %s" % (len(message), message) for message in messages)
        with socket.create_connection((self.host, self.port), TIMEOUT_S) as plain:
            if self.scheme == "tls":
                self._send_sealed(plain, framed)
            else:
                plain.sendall(framed)
                plain.shutdown(socket.SHUT_WR)
                _wait_for_end(plain)

    def _send_sealed(self, plain: socket.socket, framed: bytes) -> None:
        context = ssl.create_default_context(cafile=self.ca_file or None)
        with context.wrap_socket(plain, server_hostname=self.host) as sealed:
            sealed.sendall(framed)
            try:
                sealed.unwrap()  # tells that this is the end, and waits for the same word
            except (ssl.SSLError, ConnectionError):
                return  # a collector that closes without a word has read to the end too

    def _send_datagrams(self, messages: Sequence[bytes]) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(
            self.host, self.port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as udp:
            for message in messages:
                udp.sendto(message[:LARGEST_DATAGRAM], address)


def _wait_for_end(plain: socket.socket) -> None:
    while plain.recv(4096):
        pass


def message_of(event: Event) -> bytes:
    """Return a record as a message of RFC 5424."""
    severity = INFORMATIONAL if event.outcome == Outcome.DONE else WARNING
    stamp = event.at.isoformat()
    return _message(severity, stamp, event.action, event.sequence, line_of(event))


def message_of_head(head: Head) -> bytes:
    text = json.dumps(to_json(head))
    return _message(INFORMATIONAL, head.at.isoformat(), "audit.head", head.sequence, text)


def _message(severity: int, stamp: str, kind: str, sequence: int, text: str) -> bytes:
    number = (sequence - 1) % MOST_SEQUENCE + 1
    header = (
        f"<{FACILITY * 8 + severity}>1 {stamp.replace('+00:00', 'Z')} {_host()} plumbline - {kind}"
        f' [meta sequenceId="{number}"] '
    )
    return header.encode() + text.encode()  # JSON is plain ASCII: no byte order mark is due


def _host() -> str:
    name = socket.gethostname()
    return "".join(char for char in name if "!" <= char <= "~")[:255] or "-"
