"""Talks to the appliance; what goes wrong comes out as one sentence that says what to do."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from plumbline_cli import VERSION
from plumbline_cli.errors import CliError, NotReached, NotSignedIn, Refused

TIMEOUT = httpx.Timeout(30, connect=10)
STREAM_TIMEOUT = httpx.Timeout(60, connect=10)  # a silent stream sends a comment every few seconds
UNAUTHORIZED = 401


class Server:
    """One appliance. With `token` empty only what is open to everybody can be asked for."""

    def __init__(self, url: str, token: str = "", ca: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.username:
            raise CliError(f"{url} is not an address. Write it as https://plumbline.example")
        self.url = url.rstrip("/")
        headers = {"User-Agent": f"plumbline-cli/{VERSION}", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            base_url=self.url, headers=headers, timeout=TIMEOUT, verify=_trusting(ca)
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._json("GET", path, params=_given(query))

    def post(
        self, path: str, fields: dict[str, Any], headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        return self._json("POST", path, json=fields, headers=headers)

    def answer_to(self, path: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Post and return the status with what came, whatever the status is."""
        with self._telling():
            response = self._http.post(path, json=fields)
        return response.status_code, self._object(response)

    @contextmanager
    def stream(self, path: str, last_id: str = "") -> Iterator[Iterator[str]]:
        """Open a stream of events and give its lines. What breaks it off is an httpx error."""
        headers = {"Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        with self._http.stream("GET", path, headers=headers, timeout=STREAM_TIMEOUT) as response:
            if response.status_code != httpx.codes.OK:
                response.read()
                self._checked(response)
            yield response.iter_lines()

    def address(self, path: str) -> str:
        """Return a page of the appliance; empty for an address that leads elsewhere."""
        if path.startswith("/") and not path.startswith("//"):
            return self.url + path
        return path if path.startswith(f"{self.url}/") else ""

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        with self._telling():
            response = self._http.request(method, path, **more)
        self._checked(response)
        return self._object(response) if response.content else {}

    def _checked(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        if response.status_code == UNAUTHORIZED:
            raise NotSignedIn(
                f"The token is wrong, revoked or has ended. Sign in: plumbline login {self.url}"
            )
        if response.is_redirect:
            where = response.headers.get("Location", "")
            raise NotReached(f"{self.url} sends elsewhere: {where[:200]}. Use that address.")
        raise Refused(_sentence_of(response), response.status_code)

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        try:
            value = response.json()
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise NotReached(
                f"{self.url} does not answer as a Plumbline does. Is the address right?"
            )
        return value

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn errors of the network into sentences."""
        try:
            yield
        except httpx.HTTPError as exc:
            raise NotReached(why_not(self.url, exc)) from None


def why_not(url: str, error: Exception) -> str:
    """Say why the appliance was not reached."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            f"The certificate of {url} is not trusted here. Name the file of your company's"
            " certificates: --ca FILE (or PLUMBLINE_CA)."
        )
    if isinstance(error, httpx.TimeoutException):
        return f"{url} does not answer in time. Try again, or ask who runs it."
    return f"{url} is not reached: {error}. Is the address right, and the appliance running?"


def _trusting(ca: str) -> ssl.SSLContext:
    """Trust what this machine trusts, and the given file besides."""
    context = ssl.create_default_context()
    if ca:
        try:
            context.load_verify_locations(ca)
        except (OSError, ssl.SSLError) as exc:
            raise CliError(f"--ca {ca}: no file of certificates: {exc}") from None
    return context


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value not in ("", None, ())}


def _sentence_of(response: httpx.Response) -> str:
    """Return what the appliance says is wrong: problem+json, or an error in a word."""
    try:
        told = response.json()
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    for name in ("detail", "error_description", "error", "title"):
        if isinstance(told.get(name), str) and told[name]:
            return str(told[name])
    if response.status_code == httpx.codes.NOT_FOUND:
        return "There is no such thing here, or your token may not read it."
    return f"The appliance answers {response.status_code}. Try again, or ask who runs it."
