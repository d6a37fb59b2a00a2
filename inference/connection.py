"""HTTP to a model server: opening it, and turning what goes wrong into the two errors.

No proxy, certificate or password comes from the environment: which servers see a company's code
is decided by settings alone.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from inference.errors import ModelUnavailable, RequestRejected
from inference.nodes import Node, NodesTransport

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 300.0  # a long prompt on a CPU takes minutes to its first token
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_REASON_CHARACTERS = 200
# Too early, too slow, too many: the server may say yes to the same request later.
PASSING_STATUSES = {408, 409, 425, 429}


@dataclass(frozen=True, slots=True)
class Certificates:
    """How a server is recognized, and how it recognizes us. Empty: by the system's authorities, and
    not at all."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """Return what a TLS connection is made with; None: the ordinary way. Raises ValueError."""
        if not self.ca_file and not self.cert_file:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as exc:  # ssl.SSLError too
            named = ", ".join(
                str(one) for one in (self.ca_file, self.cert_file, self.key_file) if one
            )
            raise ValueError(
                f"the certificates for the model server cannot be used ({named}): {exc}"
            ) from exc
        return context


def addresses_in(addresses: str) -> list[str]:
    """Return the addresses of a setting that may name several, with commas."""
    return [one.strip() for one in addresses.split(",") if one.strip()]


def open_http(
    addresses: str,
    *,
    api_key: str | None = None,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    read_timeout_s: float = READ_TIMEOUT_S,
    certificates: Certificates | None = None,
) -> httpx.Client:
    """Return a client for a model server, or for several with commas between their addresses.

    An address with or without a final `/v1` will do. Raises ValueError when one is not plain http or
    https, or carries a password.
    """
    urls = [_checked(address) for address in addresses_in(addresses) or [""]]
    headers = {"accept-encoding": "identity"}
    if api_key:
        headers["authorization"] = f"Bearer {api_key}"
    verify = (certificates.context() if certificates else None) or True
    timeout = httpx.Timeout(read_timeout_s, connect=connect_timeout_s)
    if len(urls) == 1:
        return httpx.Client(
            base_url=urls[0], headers=headers, timeout=timeout, verify=verify, trust_env=False
        )
    nodes = [Node(url, httpx.HTTPTransport(verify=verify, trust_env=False)) for url in urls]
    return httpx.Client(
        base_url="http://nodes",  # each request gets the address of the one that it goes to
        headers=headers,
        timeout=timeout,
        transport=NodesTransport(nodes),
        trust_env=False,
    )


def _checked(address: str) -> httpx.URL:
    url = httpx.URL(address)
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("the model server's address must start with http:// or https://")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("the model server's address may not carry a password, query or fragment")
    return url.copy_with(path=url.path.rstrip("/").removesuffix("/v1") or "/")


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn every way in which the transport fails into ModelUnavailable."""
    try:
        yield
    except httpx.TimeoutException as exc:
        raise ModelUnavailable(f"no answer in time ({type(exc).__name__})") from exc
    except (httpx.TransportError, httpx.StreamError, httpx.DecodingError) as exc:
        raise ModelUnavailable(f"the connection failed: {exc}") from exc


def check_status(response: httpx.Response) -> None:
    """Raise the error for a status that is not a success; reads a little of the body for it."""
    if response.is_success:
        return
    message = f"HTTP {response.status_code}: {_reason(response)}"
    if response.is_server_error or response.status_code in PASSING_STATUSES:
        raise ModelUnavailable(message)
    raise RequestRejected(message)


def fetch_json(
    http: httpx.Client,
    method: str,
    path: str,
    body: object = None,
    *,
    deadline_s: float | None = None,
) -> object:
    """Return the decoded answer to one request; a deadline bounds its reading as a whole."""
    deadline = None if deadline_s is None else time.monotonic() + deadline_s
    with translated_errors(), http.stream(method, path, json=body) as response:
        check_status(response)
        content = read_at_most(response, MAX_BODY_BYTES, deadline)
    if len(content) > MAX_BODY_BYTES:
        raise RequestRejected(f"{path}: the answer is larger than {MAX_BODY_BYTES} bytes")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise RequestRejected(f"{path}: the answer is not JSON") from exc


def read_at_most(
    response: httpx.Response, limit_bytes: int, deadline: float | None = None
) -> bytes:
    """Return the body, or what came until the limit was passed; ModelUnavailable if too late."""
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if deadline is not None and time.monotonic() > deadline:
            raise ModelUnavailable("no answer in time (it came too slowly)")
        if len(content) > limit_bytes:
            break
    return bytes(content)


def _reason(response: httpx.Response) -> str:
    body = read_at_most(response, 16 * MAX_REASON_CHARACTERS).decode("utf-8", errors="replace")
    try:
        return error_message(json.loads(body))
    except (ValueError, RecursionError):
        return body[:MAX_REASON_CHARACTERS]


def error_message(answer: object) -> str:
    """Return the start of an OpenAI-style error object's message, or of its text as it stands."""
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    message = error.get("message", error) if isinstance(error, dict) else error
    return str(message)[:MAX_REASON_CHARACTERS]
