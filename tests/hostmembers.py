"""Who may read repositories by the word of a fake host: answers of the shapes that real ones send.

The shapes are those of GitLab 17, GitHub's REST API of 2022-11-28, Gitea 1.22 and Bitbucket Data
Center 8; what the product does not read is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hostserver import TOKEN, HostHandler, HostServer, bitbucket_page, serve_host

Json = dict[str, Any]


@dataclass(slots=True)
class Account:
    """Somebody with an account at the host."""

    id: int
    name: str
    email: str = ""
    external_id: str = ""
    right: str = "Developer"
    is_blocked: bool = False


@dataclass(slots=True)
class Project:
    id: int
    members: list[Account] = field(default_factory=list)
    visibility: str = "private"
    team: list[Account] = field(default_factory=list)  # of Gitea, beside the collaborators
    team_units: dict[str, str] = field(default_factory=lambda: {"repo.code": "read"})
    owner: Account | None = None  # a person; none: an organisation
    code_level: str = "enabled"  # GitLab's for whom the code is
    status: int = 0  # answers with this instead


@dataclass(slots=True)
class MembersHost:
    """A running host and its projects, by path."""

    server: HostServer
    projects: dict[str, Project] = field(default_factory=dict)

    def answer(self, handler: HostHandler) -> bool:
        if handler._token() != TOKEN:
            return False  # the server refuses it
        address = urlsplit(handler.path)
        parts = _ROUTES[self.server.kind](
            self, handler.path if self.server.kind == "bitbucket" else address.path
        )
        if parts is None:
            handler.send(404, b'{"message":"404 Not Found"}')
        elif isinstance(parts, int):
            handler.send(parts, b'{"message":"no"}')
        elif isinstance(parts, dict):
            handler.send(200, json.dumps(parts).encode())
        else:
            self._page(handler, parts, parse_qs(address.query))
        return True

    def _page(self, handler: HostHandler, entries: list[Json], query: dict[str, list[str]]) -> None:
        state = self.server
        if state.kind == "bitbucket":
            body = bitbucket_page(entries, query, state.largest_page)
            handler.send(200, json.dumps(body).encode())
            return
        key = "limit" if state.kind == "gitea" else "per_page"
        size = min(int(query.get(key, ["20"])[0]), state.largest_page)
        page = int(query.get("page", ["1"])[0])
        headers = {}
        if state.kind == "gitea":
            headers["X_Total_Count"] = str(len(entries))
        elif page * size < len(entries):
            base = state.address + urlsplit(handler.path).path
            headers["Link"] = f'<{base}?{key}={size}&page={page + 1}>; rel="next"'
        shown = entries[(page - 1) * size : page * size]
        handler.send(200, json.dumps(shown).encode(), **headers)


Answer = Json | list[Json] | int | None
LEVELS = {"Guest": 10, "Planner": 15, "Reporter": 20, "Developer": 30, "Owner": 50}


def _gitlab(host: MembersHost, path: str) -> Answer:
    raw, _, rest = path.removeprefix("/api/v4/projects/").partition("/")
    known = {str(one.id): one for one in host.projects.values()} | host.projects
    project = known.get(unquote(raw))
    if project is None or project.status:
        return project.status if project else None
    if rest == "members/all":
        return [
            {
                "id": one.id,
                "username": one.name,
                "name": one.name.title(),
                "state": "blocked" if one.is_blocked else "active",
                "membership_state": "active",
                "access_level": LEVELS[one.right],
                **({"email": one.email} if one.email else {}),
                "group_saml_identity": {"extern_uid": one.external_id, "provider": "group_saml"}
                if one.external_id
                else None,
            }
            for one in project.members
        ]
    return {
        "id": project.id,
        "visibility": project.visibility,
        "repository_access_level": project.code_level,
    }


def _github(host: MembersHost, path: str) -> Answer:
    rest = path.removeprefix("/api/v3/repos/")
    project = host.projects.get(rest.removesuffix("/collaborators"))
    if project is None or project.status:
        return project.status if project else None
    if rest.endswith("/collaborators"):
        return [
            {
                "login": one.name,
                "id": one.id,
                "type": "User",
                "permissions": {"pull": one.right != "none", "push": False, "admin": False},
                "role_name": one.right,
            }
            for one in project.members
        ]
    return {
        "id": project.id,
        "private": project.visibility != "public",
        "visibility": project.visibility,
    }


def _gitea(host: MembersHost, path: str) -> Answer:
    if path.startswith("/api/v1/teams/"):
        number = int(path.split("/")[4])
        team = next(one.team for one in host.projects.values() if one.id == number)
        return [_gitea_user(one) for one in team]
    rest = path.removeprefix("/api/v1/repos/")
    place, _, what = rest.rpartition("/")
    project = host.projects.get(place if what in {"teams", "collaborators"} else rest)
    if project is None or project.status:
        return project.status if project else None
    if what == "teams":
        if project.owner is not None:
            return 405
        devs: Json = {"id": project.id, "name": "devs", "permission": "none", "units": []}
        return [devs | {"units_map": project.team_units}]
    if what == "collaborators":
        return [_gitea_user(one) for one in project.members]
    organisation = Account(999, rest.partition("/")[0])
    return {
        "id": project.id,
        "owner": _gitea_user(project.owner or organisation),
        "private": project.visibility == "private",
        "internal": project.visibility == "internal",
    }


def _gitea_user(one: Account) -> Json:
    return {
        "id": one.id,
        "login": one.name,
        "login_name": one.external_id,
        "email": one.email,
        "active": not one.is_blocked,
    }


def _bitbucket(host: MembersHost, path: str) -> Answer:
    address = urlsplit(path.removeprefix("/rest/api/1.0"))
    if address.path == "/users":
        return _bitbucket_readers(host, parse_qs(address.query))
    key, _, slug = address.path.removeprefix("/projects/").partition("/repos/")
    # Whatever the case in which it is asked for.
    known = {name.lower(): (name, one) for name, one in host.projects.items()}
    name, project = known.get(f"{key}/{slug}".lower(), ("", None))
    if project is None or project.status:
        return project.status if project else None
    key, _, slug = name.partition("/")
    return {
        "id": project.id,
        "slug": slug,
        "public": project.visibility == "public",
        "project": {"key": key, "id": 1, "public": False},
    }


def _bitbucket_readers(host: MembersHost, query: dict[str, list[str]]) -> Answer:
    """Every account, unless it is asked who has a right to which repository."""
    everybody = [one for project in host.projects.values() for one in project.members]
    asked = "/".join(
        query.get(f"permission.{part}", [""])[0] for part in ("projectKey", "repositorySlug")
    )
    if query.get("permission") == ["REPO_READ"]:
        if asked not in host.projects:
            return 404
        everybody = host.projects[asked].members
    return [
        {
            "name": one.name,
            "emailAddress": one.email,
            "id": one.id,
            "displayName": one.name.title(),
            "active": not one.is_blocked,
            "slug": one.name,
            "type": "SERVICE" if one.right == "service" else "NORMAL",
        }
        for one in everybody
    ]


_ROUTES = {"gitlab": _gitlab, "github": _github, "gitea": _gitea, "bitbucket": _bitbucket}


@contextmanager
def serve_members(kind: str) -> Iterator[MembersHost]:
    """Serve a host that tells who may read what, until the block ends."""
    with serve_host(kind, {}) as server:
        host = MembersHost(server)
        server.behaviour = host.answer
        yield host
