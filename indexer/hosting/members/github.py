"""GitHub: the collaborators of a repository with the right to pull.

The list holds who was let in by themselves, by a team, by the organisation's rule for its members,
and its owners: whatever gives the right, GitHub has worked it out.
"""

from __future__ import annotations

from urllib.parse import quote

from indexer.hosting.host import text_of
from indexer.hosting.members.values import (
    INTERNAL,
    PRIVATE,
    PUBLIC,
    HostedAccess,
    HostedMember,
    entry_of,
    id_of,
)
from indexer.hosting.paging import Asker, Entry

RIGHTS = "push access to the repository and read access to its administration (or the scope repo)"


def read(asker: Asker, path: str) -> HostedAccess:
    place = f"/repos/{quote(path)}"
    repository = asker.one(place)
    query = f"affiliation=all&per_page={asker.host.per_page}"
    entries = asker.every(f"{place}/collaborators?{query}")
    members = [_member(entry) for entry in entries if entry_of(entry, "permissions").get("pull")]
    return HostedAccess.of(repository, _visibility(repository), members)


def _visibility(repository: Entry) -> str:
    visibility = text_of(repository, "visibility")
    if visibility in {INTERNAL, PUBLIC}:
        return visibility
    # Older servers say only whether it is private.
    return PUBLIC if not visibility and repository.get("private") is False else PRIVATE


def _member(entry: Entry) -> HostedMember:
    return HostedMember(
        id=id_of(entry),
        user_name=text_of(entry, "login"),
        email=text_of(entry, "email"),
        right=text_of(entry, "role_name"),
    )
