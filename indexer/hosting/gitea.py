"""Gitea and Forgejo: an organisation's repositories by page and limit, until X-Total-Count.

The server caps the limit (50 unless its operator says otherwise), so a page may be shorter than
asked for without being the last.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from indexer.errors import FetchRefused
from indexer.hosting.api import Page
from indexer.hosting.host import Host, text_of
from indexer.hosting.values import HostedRepository


class Gitea(Host):
    label = "Gitea or Forgejo"
    group_word = "organisation"
    per_page = 50
    rights = "read:organization and read:repository"
    prefix = "/api/v1"

    def headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"token {token}"}

    def first_page(self, group: str) -> str:
        return f"/orgs/{self.quoted(group)}/repos?limit={self.per_page}&page=1"

    def next_page(self, page: Page, received: int, seen: int) -> str | None:
        """Follow the link; older servers send only the total, and the oldest not even that."""
        if received == 0:
            return None
        if linked := super().next_page(page, received, seen):
            return linked
        total = page.headers.get("x-total-count", "")
        if "link" in page.headers or (total.isdecimal() and len(total) < 10 and seen >= int(total)):
            return None
        asked = httpx.URL(page.url)
        number = asked.params.get("page", "")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise FetchRefused(
                "not_the_api",
                f"{asked.host} leads to a page without a number, as {self.label} does not. Check the "
                "kind.",
            )
        return str(asked.copy_set_param("page", int(number) + 1))

    def read(self, entry: Mapping[str, object]) -> HostedRepository:
        return HostedRepository(
            path=text_of(entry, "full_name"),
            clone_url=text_of(entry, "clone_url"),
            is_archived=entry.get("archived") is True,
            is_fork=entry.get("fork") is True,
            is_empty=entry.get("empty") is True,
        )
