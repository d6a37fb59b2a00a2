"""The only place that talks to LDAP servers: TLS first, then a bind, then searches; no referrals."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPInvalidFilterError, LDAPStartTLSError
from ldap3.core.results import (
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_INVALID_CREDENTIALS,
    RESULT_NO_SUCH_OBJECT,
    RESULT_REFERRAL,
    RESULT_SUCCESS,
)

from appliance.accounts.ldap.config import LdapConfig, Security, Server
from appliance.accounts.ldap.errors import (
    LdapError,
    LdapMisconfigured,
    LdapRefusal,
    LdapUnavailable,
    LdapUntrusted,
)

PAGE = 500
CONNECT_TIMEOUT_S = 3.0
OPERATION_TIMEOUT_S = 30.0
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was read: values as bytes, names of attributes in lower case."""

    dn: str
    values: dict[str, list[bytes]] = field(repr=False)

    def texts(self, attribute: str) -> list[str]:
        return [one.decode("utf-8", "replace") for one in self.values.get(attribute.lower(), ())]

    def text(self, attribute: str) -> str:
        return next(iter(self.texts(attribute)), "")


class CheckedTls(ldap3.Tls):  # type: ignore[misc]  # ldap3 has no types
    """TLS as Python makes it: the chain and the name are checked before a byte is sent."""

    def __init__(self, ca_pem: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self.problem: ssl.SSLError | None = None
        try:
            self._context = ssl.create_default_context(cadata=ca_pem or None)
        except (ssl.SSLError, ValueError) as exc:
            raise LdapMisconfigured("The pasted certificate is not in PEM form.") from exc

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        try:
            connection.socket = self._context.wrap_socket(
                connection.socket, server_hostname=connection.server.host
            )
        except ssl.SSLError as exc:
            self.problem = exc
            raise


@dataclass(slots=True)
class Link:
    """An open connection to one server, until a moment of the monotonic clock."""

    server: Server
    connection: ldap3.Connection
    tls: CheckedTls | None
    until: float

    def bind(self, dn: str, password: str) -> None:
        """Raises LdapRefusal when the server does not accept this name and password.

        An empty password is refused here: to a server it would mean "anonymous", and succeed.
        """
        if not dn or not password:
            raise LdapRefusal("A name and a password are needed.")
        self._mind_the_time()
        self.connection.user, self.connection.password = dn, password
        self.connection.authentication = ldap3.SIMPLE
        try:
            self.connection.bind(read_server_info=False)
        except LDAPException as exc:
            raise _translated(exc, self.server, self.tls) from None
        finally:
            self.connection.password = None
        self._check(self.connection.result, "sign in")

    def close(self) -> None:
        with suppress(LDAPException, OSError):  # it may be closed from the other side
            self.connection.unbind()

    def search(
        self, base: str, wanted: str, attributes: Sequence[str], *, at_most: int = 0
    ) -> Iterator[Entry]:
        """Give every entry below a base, page by page; raise LdapError unless all were given."""
        cookie: bytes | None = None
        count = 0
        while True:
            self._mind_the_time()
            response = self._ask(base, wanted, attributes, cookie)
            for entry in response:
                yield entry
                count += 1
                if at_most and count >= at_most:
                    return
            controls = self.connection.result.get("controls", {})
            paged = controls.get("1.2.840.113556.1.4.319", {})
            cookie = paged.get("value", {}).get("cookie")
            if not cookie:
                return

    def _ask(
        self, base: str, wanted: str, attributes: Sequence[str], cookie: bytes | None
    ) -> list[Entry]:
        try:
            self.connection.search(
                base,
                wanted,
                ldap3.SUBTREE,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=list(attributes),
                paged_size=PAGE,
                paged_cookie=cookie,
            )
        except LDAPException as exc:
            raise _translated(exc, self.server, self.tls) from None
        self._check(self.connection.result, f"search below {base}")
        return [
            Entry(str(one["dn"]), {k.lower(): list(v) for k, v in one["raw_attributes"].items()})
            for one in self.connection.response
            if one["type"] == "searchResEntry"
        ]

    def _mind_the_time(self) -> None:
        left = min(self.until - time.monotonic(), OPERATION_TIMEOUT_S)
        if left <= 0:
            raise LdapUnavailable(f"{self.server} took too long.")
        if self.connection.socket is not None:
            self.connection.socket.settimeout(left)

    def _check(self, result: dict[str, Any], what: str) -> None:
        code = result["result"]
        if code == RESULT_SUCCESS:
            return
        if code == RESULT_INVALID_CREDENTIALS:
            raise LdapRefusal(f"{self.server} does not accept this name and password.")
        if code == RESULT_NO_SUCH_OBJECT:
            raise LdapMisconfigured(f"{self.server} has no such place: {what}.")
        if code == RESULT_INSUFFICIENT_ACCESS_RIGHTS:
            raise LdapMisconfigured(f"The service account may not {what}.")
        if code == RESULT_REFERRAL:
            raise LdapMisconfigured(
                f"{self.server} points to another server; that is not followed. Name the server "
                "that holds the people itself."
            )
        raise LdapError(f"{self.server} refused to {what}: {result['description']}.")


@contextmanager
def opened(config: LdapConfig, *, seconds: float, bind: bool = True) -> Iterator[Link]:
    """Connect to the first server that answers, with TLS, and bind as the service account.

    Raises LdapUnavailable with what each server said when none can be used.
    """
    until = time.monotonic() + seconds
    link = _first_link(config, until)
    try:
        if bind:
            link.bind(config.bind_dn, config.bind_password)
        yield link
    finally:
        link.close()


def _first_link(config: LdapConfig, until: float) -> Link:
    problems: list[LdapError] = []
    for number, server in enumerate(config.servers):
        left = (until - time.monotonic()) / (len(config.servers) - number)
        try:
            return connect(config, server, min(left, OPERATION_TIMEOUT_S), until)
        except (LdapUnavailable, LdapUntrusted) as exc:
            problems.append(exc)
    if not problems:
        raise LdapMisconfigured("No server is named.")
    if len(problems) == 1:
        raise problems[0]
    raise LdapUnavailable(" ".join(str(problem) for problem in problems))


def connect(config: LdapConfig, server: Server, seconds: float, until: float) -> Link:
    """Open the way to one server, protected as the settings say before anything is sent."""
    if seconds <= 0:
        raise LdapUnavailable(f"{server} was not tried: the time is up.")
    if config.security == Security.NONE and server.host not in LOOPBACK:
        raise LdapMisconfigured(
            f"{server} is not on this machine: passwords would cross the network in plain text. "
            "Choose LDAPS or StartTLS."
        )
    tls = None if config.security == Security.NONE else CheckedTls(config.ca_pem)
    timeout = min(seconds, CONNECT_TIMEOUT_S)
    connection = ldap3.Connection(
        ldap3.Server(
            server.host,
            server.port,
            use_ssl=config.security == Security.LDAPS,
            tls=tls,
            get_info=ldap3.NONE,
            connect_timeout=timeout,
        ),
        auto_referrals=False,
        check_names=False,
        receive_timeout=max(1, int(timeout)),
        return_empty_attributes=False,
    )
    try:
        connection.open(read_server_info=False)
        if config.security == Security.START_TLS and not connection.start_tls(
            read_server_info=False
        ):
            raise LdapUntrusted(f"{server} did not start TLS.")
    except (LDAPException, OSError, LdapUntrusted) as exc:
        if connection.socket is not None:
            connection.socket.close()  # the library leaves it open
        raise exc if isinstance(exc, LdapError) else _translated(exc, server, tls) from None
    return Link(server, connection, tls, until)


def _translated(exc: Exception, server: Server, tls: CheckedTls | None) -> LdapError:
    """Say what an error of the library means. Its own text goes no further: it may quote values."""
    problem = tls.problem if tls else None
    if isinstance(problem, ssl.SSLCertVerificationError):
        return LdapUntrusted(
            f"The certificate of {server} is not accepted: {problem.verify_message}. Paste the "
            "certificate of your authority, and name the server as its certificate does."
        )
    if problem is not None:
        reason = getattr(problem, "reason", None) or "it ended the handshake"
        return LdapUntrusted(f"{server} speaks no TLS that is accepted here: {reason}.")
    if isinstance(exc, LDAPStartTLSError):
        return LdapUntrusted(f"{server} offers no StartTLS: no password was sent to it.")
    if isinstance(exc, LDAPInvalidFilterError):
        return LdapMisconfigured("The filter is not a filter of LDAP: check its parentheses.")
    if "timed out" in str(exc):
        return LdapUnavailable(f"{server} does not answer in time.")
    return LdapUnavailable(f"{server} cannot be reached, or broke off.")
