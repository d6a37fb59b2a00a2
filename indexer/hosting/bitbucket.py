"""Bitbucket Data Center: a project's repositories, each page with the place where the next begins.

A page may hold fewer than were asked for without being the last, and the next one need not begin
where this one ends: what may not be seen is left out after it was counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from indexer.hosting.api import Page
from indexer.hosting.host import Host, text_of
from indexer.hosting.values import HostedRepository


class Bitbucket(Host):
    label = "Bitbucket Data Center"
    group_word = "project"
    rights = "the right to read the project"
    prefix = "/rest/api/1.0"

    def headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    def first_page(self, group: str) -> str:
        return f"/projects/{self.quoted(group)}/repos?limit={self.per_page}&start=0"

    def listed(self, body: object) -> object:
        return body.get("values") if isinstance(body, dict) else None

    def next_page(self, page: Page, received: int, seen: int) -> str | None:
        body = page.entries if isinstance(page.entries, dict) else {}
        start = body.get("nextPageStart")
        if body.get("isLastPage") is not False or not isinstance(start, int):
            return None
        return str(httpx.URL(page.url).copy_set_param("start", start))

    def read(self, entry: Mapping[str, object]) -> HostedRepository:
        project = entry.get("project")
        key = text_of(project, "key") if isinstance(project, dict) else ""
        return HostedRepository(
            path=f"{key}/{text_of(entry, 'slug')}",
            clone_url=_clone_url(entry),
            is_archived=entry.get("archived") is True,
            is_fork=isinstance(entry.get("origin"), dict),
        )


def _clone_url(entry: Mapping[str, object]) -> str:
    """Return the address over the web; there is one for ssh beside it."""
    links = entry.get("links")
    clones = links.get("clone") if isinstance(links, dict) else None
    named = [one for one in clones if isinstance(one, dict)] if isinstance(clones, list) else []
    return next((text_of(one, "href") for one in named if one.get("name") == "http"), "")
