"""Gitea and Forgejo: a repository's owner, its collaborators, and the teams that may read code."""

from __future__ import annotations

from collections.abc import Iterator
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

RIGHTS = "read:repository and read:organization, as an administrator of the repository"
NO_TEAMS = 405  # what the repository of a person answers
CODE = "repo.code"
ALL_RIGHTS = frozenset({"admin", "owner"})
READING = frozenset({"read", "write"}) | ALL_RIGHTS


def read(asker: Asker, path: str) -> HostedAccess:
    place = f"/repos/{quote(path)}"
    repository = asker.one(place)
    return HostedAccess.of(repository, _visibility(repository), _members(asker, place, repository))


def _members(asker: Asker, place: str, repository: Entry) -> Iterator[HostedMember]:
    page = f"limit={asker.host.per_page}&page=1"
    teams = asker.every_unless(f"{place}/teams?{page}", status=NO_TEAMS)
    if teams is None:  # else the owner is an organisation, which is no account
        yield from _active(entry_of(repository, "owner"), "owner")
    for team in filter(_reads_code, teams or ()):
        for entry in asker.every(f"/teams/{id_of(team)}/members?{page}"):
            yield from _active(entry, f"team {text_of(team, 'name')}")
    for entry in asker.every(f"{place}/collaborators?{page}"):
        yield from _active(entry, "collaborator")


def _reads_code(team: Entry) -> bool:
    if team.get("permission") in ALL_RIGHTS:
        return True
    units = team.get("units_map")
    if isinstance(units, dict) and units:
        return units.get(CODE) in READING
    listed = team.get("units")  # of older servers, with one right for all units
    return isinstance(listed, list) and CODE in listed and team.get("permission") in READING


def _active(entry: Entry, right: str) -> Iterator[HostedMember]:
    if entry.get("active") is not False and entry.get("prohibit_login") is not True:
        yield _member(entry, right)


def _member(entry: Entry, right: str) -> HostedMember:
    return HostedMember(
        id=id_of(entry),
        user_name=text_of(entry, "login"),
        email=text_of(entry, "email"),
        external_id=text_of(entry, "login_name"),
        right=right,
    )


def _visibility(repository: Entry) -> str:
    if repository.get("private") is not False:
        return PRIVATE
    return INTERNAL if repository.get("internal") is True else PUBLIC
