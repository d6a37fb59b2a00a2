"""Bitbucket Data Center: the accounts that have the right to read a repository.

Bitbucket works the right out itself, as for the people who may be asked for a review: by themselves,
by a group, by the project, by the project's default permission, and as an administrator.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from indexer.hosting.host import text_of
from indexer.hosting.members.values import (
    PRIVATE,
    PUBLIC,
    HostedAccess,
    HostedMember,
    entry_of,
    id_of,
)
from indexer.hosting.paging import Asker, Entry

RIGHTS = "the right to read the repository"
SERVICE = "SERVICE"  # an account of a program


def read(asker: Asker, path: str) -> HostedAccess:
    key, _, slug = path.partition("/")
    repository = asker.one(f"/projects/{key}/repos/{slug}")
    # Asked by the names that the server itself has just told: by them it knows the repository.
    asked: dict[str, str | int] = {
        "permission": "REPO_READ",
        "permission.projectKey": text_of(entry_of(repository, "project"), "key"),
        "permission.repositorySlug": text_of(repository, "slug"),
        "limit": asker.host.per_page,
        "start": 0,
    }
    return HostedAccess.of(repository, _visibility(repository), _members(asker, asked))


def _members(asker: Asker, asked: dict[str, str | int]) -> Iterator[HostedMember]:
    if not asked["permission.projectKey"] or not asked["permission.repositorySlug"]:
        return  # without them every account would be listed
    for entry in asker.every(f"/users?{urlencode(asked)}"):
        if entry.get("active") is True and entry.get("type") != SERVICE:
            yield HostedMember(
                id=id_of(entry),
                user_name=text_of(entry, "name"),
                email=text_of(entry, "emailAddress"),
                right="may read",
            )


def _visibility(repository: Entry) -> str:
    is_public = repository.get("public") is True
    return PUBLIC if is_public or entry_of(repository, "project").get("public") is True else PRIVATE
