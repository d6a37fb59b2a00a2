"""GitHub and GitHub Enterprise Server: an organisation's repositories by the Link header."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from indexer.hosting.host import Host, text_of
from indexer.hosting.values import HostedRepository


class GitHub(Host):
    label = "GitHub"
    group_word = "organisation"
    rights = "read access to metadata and contents (or the scope repo)"
    prefix = "/api/v3"

    def api_of(self, address: str) -> str:
        """Return the API of a server of one's own; the public one has a host for it."""
        if urlsplit(address).hostname in {"github.com", "api.github.com"}:
            return "https://api.github.com"
        return super().api_of(address)

    def headers(self, token: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def first_page(self, group: str) -> str:
        return f"/orgs/{self.quoted(group)}/repos?type=all&sort=full_name&per_page={self.per_page}"

    def read(self, entry: Mapping[str, object]) -> HostedRepository:
        return HostedRepository(
            path=text_of(entry, "full_name"),
            clone_url=text_of(entry, "clone_url"),
            is_archived=entry.get("archived") is True,
            is_fork=entry.get("fork") is True,
            is_empty=entry.get("disabled") is True,
        )
