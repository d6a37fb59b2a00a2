"""Asks an identity provider something over HTTP: no redirects, with limits of time and size."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from urllib3.exceptions import HTTPError, TimeoutError

TIME_LIMIT_S = 10
LARGEST_BYTES = 2 * 1024 * 1024
PART_BYTES = 64 * 1024
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class NotFetched(Exception):
    """An identity provider did not give what was asked of it, in words for an admin."""


class Session(requests.Session):
    """What requests does, but follows nobody elsewhere, waits for nobody, and takes no more than a
    provider has to say: of a longer answer nothing."""

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs.update(allow_redirects=False, timeout=TIME_LIMIT_S, stream=True)
        # Nothing is unpacked: a small answer stays a small one.
        kwargs["headers"] = {**(kwargs.get("headers") or {}), "Accept-Encoding": "identity"}
        if settings.DIRECTORY_CA_FILE:
            kwargs.setdefault("verify", str(settings.DIRECTORY_CA_FILE))
        response = super().request(method, url, **kwargs)
        with response:
            response._content = _body_of(response)
        response._content_consumed = True
        return response


def _body_of(response: requests.Response) -> bytes:
    """Return the body, or nothing of one that is too long. Raises RequestException."""
    ends, body = time.monotonic() + TIME_LIMIT_S, bytearray()
    try:
        # As it comes: who waits for a full part can be kept waiting by single bytes.
        while part := response.raw.read1(PART_BYTES, decode_content=False):
            body += part
            if len(body) > LARGEST_BYTES:
                return b""
            if time.monotonic() > ends:
                raise requests.Timeout
    except TimeoutError as exc:
        raise requests.Timeout from exc
    except HTTPError as exc:
        raise requests.ConnectionError from exc
    return bytes(body)


def fetch_json(url: str, *, bearer: str = "") -> dict[str, Any]:
    """Return the JSON object behind an address. Raises NotFetched."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    status, found = _asked("GET", url, headers=headers)
    if status != 200:
        raise NotFetched(f"{url} answered with the status {status} instead of 200.")
    if found is None:
        raise NotFetched(f"What {url} answered is not JSON, or too long.")
    return found


def post_form(
    url: str, form: Mapping[str, str], *, auth: tuple[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON object, or an empty one, that a form is answered with. Raises
    NotFetched."""
    status, found = _asked("POST", url, data=form, auth=auth)
    return status, found or {}


def _asked(method: str, url: str, **more: Any) -> tuple[int, dict[str, Any] | None]:
    more["headers"] = {"Accept": "application/json"} | more.get("headers", {})
    try:
        with Session() as session:
            response = session.request(method, url, **more)
    except requests.RequestException as exc:
        raise NotFetched(f"{url} cannot be reached: {_reason(exc)}.") from exc
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        found = None
    return response.status_code, found if isinstance(found, dict) else None


def why_not_safe(url: str) -> str:
    """Return what is wrong with an address to which secrets are sent; nothing: it will do."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return "it is not an address"
    if not host or parts.username or parts.password or parts.fragment:
        return "it is not a plain address"
    if parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK):
        return ""
    return "it must begin with https://"


def _reason(exc: requests.RequestException) -> str:
    if isinstance(exc, requests.exceptions.SSLError):
        return _why_not_trusted(str(exc))
    if isinstance(exc, requests.Timeout):
        return f"no answer within {TIME_LIMIT_S} s"
    if isinstance(exc, requests.ConnectionError):
        return "there is no connection (check name, port, and firewalls)"
    return type(exc).__name__


def _why_not_trusted(problem: str) -> str:
    """Return what is wrong with TLS, from what requests says of it around OpenSSL's own words."""
    if "certificate has expired" in problem:
        return "its certificate has expired: it must be renewed there"
    if "certificate is not valid for" in problem or "Hostname mismatch" in problem:
        return "its certificate is for another name"
    if "CERTIFICATE_VERIFY_FAILED" in problem:
        return (
            "its certificate is not trusted here (PLUMBLINE_DIRECTORY_CA_FILE names the company's "
            "authority)"
        )
    return "it speaks no TLS that is accepted here"
