"""Servers that are down, slow, or not what they say: nobody gets in, no password is sent (C05)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.accounts.ldap.config import config_of
from appliance.accounts.ldap.errors import LdapMisconfigured, LdapUnavailable, LdapUntrusted
from appliance.accounts.ldap.signing_in import look_up
from appliance.accounts.models import Directory, User
from tests.appliance.accounts.ldap.test_signing_in import sign_in
from tests.certificates import Authority
from tests.ldapserver import PASSWORD, LdapServer, free_port, running
from tests.listeners import listening

pytestmark = [pytest.mark.services, pytest.mark.django_db]

SIGNING_IN_S = 5.0


@contextmanager
def listener(answer: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[int, list[bytes]]]:
    """Take connections on a free port; give it, and everything that was sent there."""
    heard: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        connection.settimeout(6)
        while sent := connection.recv(65536):
            heard.append(sent)
            answer(connection, sent)

    with listening(serve) as port:
        yield port, heard


def silent(connection: socket.socket, sent: bytes) -> None:
    """Say nothing, and keep the line open."""


def refuse_tls(connection: socket.socket, sent: bytes) -> None:
    """Answer any extended request as a server without StartTLS does: protocolError."""
    number = sent[2 : 4 + sent[3]]  # of the request, with its tag and length: the answer bears it
    rest = bytes.fromhex("78070a010204000400")
    connection.sendall(bytes([0x30, len(number) + len(rest)]) + number + rest)


def ask(directory: Directory, name: str = "ana", seconds: float = 3.5) -> object:
    return look_up(config_of(directory), name, PASSWORD, seconds=seconds)


def test_a_server_that_is_down_refuses_and_local_accounts_work(empty_server: LdapServer) -> None:
    admin = User.objects.create_user("admin", password="the local password", is_staff=True)
    directory = empty_server.directory()
    empty_server.stop()
    assert sign_in("ana") is None
    with pytest.raises(LdapUnavailable, match="cannot be reached"):
        ask(directory)
    assert sign_in("admin", "the local password") == admin


def test_a_server_that_hangs_gives_an_answer_within_five_seconds(empty_server: LdapServer) -> None:
    admin = User.objects.create_user("admin", password="the local password")
    with listener(silent) as (port, _):
        assert sign_in("admin", "wrong") is None  # what the first request of a process loads
        empty_server.directory("one", servers=[f"127.0.0.1:{port}", f"localhost:{port}"])
        empty_server.directory("two", servers=[f"127.0.0.1:{port}"])
        started = time.monotonic()
        assert sign_in("ana") is None
        assert time.monotonic() - started < SIGNING_IN_S
        assert sign_in("admin", "the local password") == admin


def test_a_name_that_never_resolves_ends_in_time(
    empty_server: LdapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = empty_server.directory(servers=["ldap.corp.example:636"])
    released = threading.Event()
    # Python's own function, as no resolver that hangs can be had here.
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: released.wait(60) and [])
    started = time.monotonic()
    with pytest.raises(LdapUnavailable, match="No answer within"):
        ask(directory, seconds=1.0)
    assert time.monotonic() - started < 20
    released.set()


def test_the_next_server_is_tried(server: LdapServer) -> None:
    down = f"127.0.0.1:{free_port()}"
    server.directory(servers=[down, f"127.0.0.1:{server.tls_port}"])
    assert sign_in("ana") is not None


def test_a_certificate_by_another_authority_is_refused(server: LdapServer, tmp_path: Path) -> None:
    other = Authority(tmp_path).pem
    for changes in ({}, {"security": "starttls", "servers": [f"127.0.0.1:{server.port}"]}):
        directory = server.directory(f"corp{len(changes)}", ca_pem=other, **changes)
        with pytest.raises(LdapUntrusted, match="not accepted"):
            ask(directory)
    assert sign_in("ana") is None


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "slapd", names=("ldap.corp.example",)) as server:
        server.add_person("ana")
        with pytest.raises(LdapUntrusted, match="not accepted"):
            ask(server.directory())


def test_no_password_is_sent_where_start_tls_is_stripped(empty_server: LdapServer) -> None:
    with listener(refuse_tls) as (port, heard):
        directory = empty_server.directory(security="starttls", servers=[f"127.0.0.1:{port}"])
        with pytest.raises(LdapUntrusted, match="no password was sent"):
            ask(directory)
        sent = b"".join(heard)
    assert b"1.3.6.1.4.1.1466.20037" in sent  # it was asked for
    assert b"secret" not in sent
    assert PASSWORD.encode() not in sent


def test_plain_text_is_for_this_machine_only(server: LdapServer) -> None:
    plain = server.directory("plain", security="none", servers=[f"127.0.0.1:{server.port}"])
    assert ask(plain) is not None
    far = server.directory("far", security="none", servers=["ldap.corp.example:389"])
    with pytest.raises(LdapMisconfigured, match="plain text"):
        ask(far)


def test_a_referral_is_not_followed(tmp_path: Path) -> None:
    with (
        listener(silent) as (port, heard),
        running(tmp_path / "slapd", extra=f"referral ldap://127.0.0.1:{port}") as server,
    ):
        server.add_person("ana")
        directory = server.directory(people_base="ou=people,dc=elsewhere,dc=example")
        with pytest.raises(LdapMisconfigured, match="not followed"):
            ask(directory)
        assert sign_in("ana") is None
        assert heard == []


def test_a_wrong_base_or_filter_is_told_as_such(server: LdapServer) -> None:
    wrong_base = server.directory("base", people_base="ou=nobody,dc=corp,dc=example")
    with pytest.raises(LdapMisconfigured, match="no such place"):
        ask(wrong_base)
    wrong_filter = server.directory("filter", people_filter="(objectClass=")
    with pytest.raises(LdapMisconfigured, match="not a filter"):
        ask(wrong_filter)


def test_an_anonymous_bind_never_counts(tmp_path: Path) -> None:
    with running(tmp_path / "slapd", extra="allow bind_anon_cred bind_anon_dn") as server:
        server.add_person("ana")
        server.directory()
        assert sign_in("ana", "") is None
