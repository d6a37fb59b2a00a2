"""What the kinds of hosts have in common: where the API is, how pages follow, what an entry says."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from urllib.parse import quote

from indexer.errors import FetchRefused
from indexer.hosting.api import Page
from indexer.hosting.values import HostedRepository

GROUP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
NEXT = re.compile(r'<([^<>]{1,4000})>\s*;[^,<]*\brel="?next"?')


class Host(ABC):
    """One kind of server that hosts repositories."""

    label: str
    group_word: str  # what it calls a set of repositories
    group_has_parts: bool = False  # "team/backend"
    per_page: int = 100
    rights: str  # what a token needs to list them

    def api_of(self, address: str) -> str:
        """Return the address of the API for the address that people know."""
        return address.rstrip("/") + self.prefix

    @property
    @abstractmethod
    def prefix(self) -> str:
        """Return the path of the API below the server's address."""

    @abstractmethod
    def headers(self, token: str) -> dict[str, str]:
        """Return what authenticates a request."""

    @abstractmethod
    def first_page(self, group: str) -> str:
        """Return path and query, below the API's address, of a group's first page."""

    @abstractmethod
    def read(self, entry: Mapping[str, object]) -> HostedRepository:
        """Return what one entry of a page describes."""

    def listed(self, body: object) -> object:
        """Return the list that a page's body is, or holds."""
        return body

    def next_page(self, page: Page, received: int, seen: int) -> str | None:
        """Return the address of the page after this one, None at the end.

        `received` entries came with this page, `seen` with all so far.
        """
        found = NEXT.search(page.headers.get("link", ""))
        return found[1] if found else None

    def quoted(self, group: str) -> str:
        """Return the group for use in a path, or raise FetchRefused."""
        group = group.strip(" /")
        has_parts = "/" in group and not self.group_has_parts
        if len(group) > 500 or not GROUP.fullmatch(group) or has_parts:
            raise FetchRefused(
                "group_malformed",
                f"This cannot be the path of a {self.group_word} on {self.label}. Write it as it "
                "stands in the server's addresses.",
            )
        return quote(group, safe="")


def text_of(entry: Mapping[str, object], key: str) -> str:
    """Return a text of an entry, empty when there is none."""
    value = entry.get(key)
    return value if isinstance(value, str) else ""
