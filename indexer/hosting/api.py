"""One read-only connection to a host's API, held to the same addresses as git.

The name is resolved once and the connection goes to that address, so that a second look-up cannot
lead into this machine. Nothing is taken from the environment, no redirect is followed, and a link
to the next page is followed only on the same host.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.hosts import Resolver, pin_address
from indexer.fetching.location import parse_location
from indexer.fetching.policy import LocationPolicy
from indexer.hosting.values import HostLimits


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the API."""

    status: int
    url: str
    headers: Mapping[str, str]
    entries: object  # decoded JSON; None for an error


class HostApi:
    """Fetches pages below one address; raises FetchRefused or FetchFailed."""

    def __init__(
        self,
        address: str,
        headers: Mapping[str, str],
        *,
        policy: LocationPolicy,
        limits: HostLimits,
        resolver: Resolver,
    ) -> None:
        # The grammar of a repository's address, so this needs a path too.
        self.place = parse_location(f"{address}/api", policy)
        if self.place.scheme not in {"https", "http"}:
            raise FetchRefused("api_address", "The address of a server's API begins with https://.")
        self.base = httpx.URL(self.place.url_or_path.removesuffix("/api"))
        self.limits = limits
        self.deadline = time.monotonic() + limits.wall_s
        self.pinned = pin_address(self.place, policy, resolver, limits.connect_s)
        context = ssl.create_default_context(cafile=str(policy.ca_file) if policy.ca_file else None)
        self.http = httpx.Client(
            headers={"accept": "application/json", "accept-encoding": "identity", **headers},
            timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s),
            verify=context,
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> HostApi:
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.close()

    def get(self, target: str) -> Page:
        """Return the page at a path below the address."""
        return self._get(httpx.URL(str(self.base).rstrip("/") + target))

    def follow(self, link: str) -> Page:
        """Return the page that another page named, when it is on this host."""
        return self._get(self._url_of(link))

    def _get(self, url: httpx.URL) -> Page:
        request = self.http.build_request(
            "GET",
            url.copy_with(host=self.pinned),
            headers={"host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.host},
        )
        with self._translated():
            response = self.http.send(request, stream=True)
            try:
                content = self._body_of(response) if response.is_success else b""
            finally:
                response.close()
        entries = self._decoded(content) if response.is_success else None
        return Page(response.status_code, str(url), response.headers, entries)

    def _url_of(self, target: str) -> httpx.URL:
        try:
            link = self.base.join(target)
        except httpx.InvalidURL as exc:
            raise self._not_the_api() from exc
        if link.host != self.base.host:
            raise FetchRefused(
                "api_elsewhere",
                f"{self.base.host} sends on to another host for its next page, which is not "
                "followed. Enter the address that the server itself uses.",
            )
        # Behind a proxy a server may believe that it is called by http or on another port.
        return self.base.copy_with(raw_path=link.raw_path)

    def _body_of(self, response: httpx.Response) -> bytes:
        content = bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > self.limits.page_bytes:
                raise FetchFailed(
                    "api_too_large", f"A page of {self.base.host} is too large. It was left out."
                )
            self.check_time()
        return bytes(content)

    def check_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise self._too_slow()

    def _decoded(self, content: bytes) -> object:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as exc:
            raise self._not_the_api() from exc

    def _not_the_api(self) -> FetchRefused:
        return FetchRefused(
            "not_the_api",
            f"{self.base.host} answers, but not as this kind of server does. Check the kind and "
            "the address.",
        )

    def _too_slow(self) -> FetchFailed:
        return FetchFailed(
            "api_timeout",
            f"{self.base.host} did not answer in time. Try again later, or with a smaller group.",
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as exc:
            raise self._too_slow() from exc
        except httpx.ConnectError as exc:
            if any(isinstance(cause, ssl.SSLError) for cause in _causes(exc)):
                raise FetchRefused(
                    "certificate",
                    f"The certificate of {self.base.host} is not trusted. Ask the operator to set "
                    "PLUMBLINE_GIT_CA_FILE.",
                ) from exc
            raise self._broke_off() from exc
        except (httpx.TransportError, httpx.StreamError, httpx.DecodingError) as exc:
            raise self._broke_off() from exc

    def _broke_off(self) -> FetchFailed:
        return FetchFailed(
            "api_unreachable", f"The connection to {self.base.host} broke off. Try again later."
        )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield cause
        yield from _causes(cause)
