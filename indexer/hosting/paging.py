"""Asks a host's API for one object or for all pages of a list, and says what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from indexer.errors import FetchFailed, FetchRefused
from indexer.hosting.api import HostApi, Page
from indexer.hosting.host import Host

Entry = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Errand:
    """What a host is asked for, in the words of the sentences about its refusals."""

    verb: str  # "list repositories"
    rights: str  # what a token needs for it
    subject: str  # "group called shop"
    unknown_code: str = "api_no_group"


class Asker:
    """One errand at one host."""

    def __init__(self, api: HostApi, host: Host, errand: Errand) -> None:
        self.api, self.host, self.errand = api, host, errand

    def one(self, target: str) -> Entry:
        """Return the object at a path below the API's address."""
        page = self.api.get(target)
        self._check_status(page)
        if not isinstance(page.entries, dict):
            raise self._another_kind()
        return page.entries

    def every(self, target: str) -> Iterator[Entry]:
        """Yield the entries of a list, page after page."""
        for entries in self.pages(target):
            yield from entries

    def every_unless(self, target: str, *, status: int) -> list[Entry] | None:
        """Return the entries of a list, None for this status: by it the host says that what was
        asked about has no such list."""
        page = self.api.get(target)
        if page.status == status:
            return None
        return [entry for entries in self._from(page) for entry in entries]

    def pages(self, target: str) -> Iterator[list[Entry]]:
        return self._from(self.api.get(target))

    def _from(self, page: Page) -> Iterator[list[Entry]]:
        asked = {page.url}
        seen = 0
        while True:
            self._check_status(page)
            entries = self.host.listed(page.entries)
            if not isinstance(entries, list):
                raise self._another_kind()
            seen += len(entries)
            yield [entry for entry in entries if isinstance(entry, dict)]
            link = self.host.next_page(page, len(entries), seen)
            if link is None:
                return
            self.api.check_time()
            page = self.api.follow(link)
            if page.url in asked or len(asked) >= self.api.limits.pages:
                raise FetchFailed(
                    "api_endless", f"{self.api.base.host} lists the same pages again and again."
                )
            asked.add(page.url)

    def _another_kind(self) -> FetchRefused:
        return FetchRefused(
            "not_the_api",
            f"{self.api.base.host} answers, but not as {self.host.label} does. Check the kind.",
        )

    def _check_status(self, page: Page) -> None:
        """Raise what an error of the API means for the person who asked."""
        status, name = page.status, urlsplit(page.url).hostname
        if 200 <= status < 300:
            return
        if status == 429 or (status == 403 and _is_rate_limited(page)):
            raise FetchFailed(
                "api_rate_limit",
                f"{name} has had enough requests of this token for now. Try again later.",
            )
        if status == 401:
            raise FetchRefused(
                "api_token_refused",
                f"{name} does not accept the token. It may have expired, or belong to another "
                "server.",
            )
        if status == 403:
            raise FetchRefused(
                "api_forbidden",
                f"The token may not {self.errand.verb} on {name}. It needs {self.errand.rights}.",
            )
        if status == 404:
            raise FetchRefused(
                self.errand.unknown_code,
                f"{name} knows no {self.errand.subject}, or the token may not see it.",
            )
        if 300 <= status < 400:
            raise FetchRefused(
                "api_redirect",
                f"{name} sends on to another address, which is not followed. Enter the address "
                "that the server itself uses.",
            )
        if status >= 500:
            raise FetchFailed("api_failed", f"{name} has a problem of its own (HTTP {status}).")
        raise FetchRefused("api_refused", f"{name} refuses the request (HTTP {status}).")


def _is_rate_limited(page: Page) -> bool:
    return "retry-after" in page.headers or page.headers.get("x-ratelimit-remaining") == "0"


def header_value(token: str) -> str:
    """Return a token as it may stand in a header, or raise FetchRefused."""
    if not token.isascii() or not token.isprintable():
        raise FetchRefused(
            "credential_malformed", "This credential holds no access token. Enter it again."
        )
    return token
