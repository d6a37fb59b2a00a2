"""GitLab: a project's members with those of its groups and of groups that it is shared with.

Code may be read from Reporter on: a Guest, and a Planner, sees issues of a private project and no
code. A custom role that adds code to Guest counts as Guest here. Administrators and auditors of the
server read everything without being members, and are not listed.
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

REPORTER = 20
LEVELS = {20: "Reporter", 25: "Security Manager", 30: "Developer", 40: "Maintainer", 50: "Owner"}
RIGHTS = "read_api, as a member of the project"


def read(asker: Asker, path: str) -> HostedAccess:
    project = asker.one(f"/projects/{quote(path, safe='')}")
    if project.get("repository_access_level") == "disabled":
        return HostedAccess.of(project, PRIVATE, ())
    number = id_of(project)
    entries = asker.every(f"/projects/{number}/members/all?per_page={asker.host.per_page}")
    members = [_member(entry) for entry in entries if _reads_code(entry)]
    return HostedAccess.of(project, _visibility(project), members)


def _visibility(project: Entry) -> str:
    visibility = text_of(project, "visibility")
    # The code of an open project may be for its members alone.
    is_open = project.get("repository_access_level", "enabled") == "enabled"
    return visibility if is_open and visibility in {INTERNAL, PUBLIC} else PRIVATE


def _reads_code(entry: Entry) -> bool:
    level = entry.get("access_level")
    is_let_in = entry.get("membership_state", "active") == "active"
    return (
        isinstance(level, int)
        and level >= REPORTER
        and entry.get("state") == "active"
        and is_let_in
    )


def _member(entry: Entry) -> HostedMember:
    level = entry.get("access_level")
    return HostedMember(
        id=id_of(entry),
        user_name=text_of(entry, "username"),
        email=text_of(entry, "email"),
        external_id=text_of(entry_of(entry, "group_saml_identity"), "extern_uid"),
        right=LEVELS.get(level, f"level {level}") if isinstance(level, int) else "",
    )
