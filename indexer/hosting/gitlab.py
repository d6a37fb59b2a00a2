"""GitLab: the projects of a group and its subgroups, page after page by the Link header.

Keyset pages are offered for lists of projects but not for a group's; the server decides, and the
link that it sends is followed either way.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.hosting.host import Host, text_of
from indexer.hosting.values import HostedRepository


class GitLab(Host):
    label = "GitLab"
    group_word = "group"
    group_has_parts = True
    rights = "read_api and read_repository"
    prefix = "/api/v4"

    def headers(self, token: str) -> dict[str, str]:
        return {"PRIVATE-TOKEN": token}

    def first_page(self, group: str) -> str:
        # Shared projects belong to another group and are listed there.
        query = "include_subgroups=true&with_shared=false&order_by=id&sort=asc"
        return f"/groups/{self.quoted(group)}/projects?{query}&per_page={self.per_page}"

    def read(self, entry: Mapping[str, object]) -> HostedRepository:
        return HostedRepository(
            path=text_of(entry, "path_with_namespace"),
            clone_url=text_of(entry, "http_url_to_repo"),
            is_archived=entry.get("archived") is True,
            is_fork=isinstance(entry.get("forked_from_project"), dict),
            is_empty=entry.get("empty_repo") is True
            or entry.get("repository_access_level") == "disabled",
        )
