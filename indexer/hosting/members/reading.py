"""Read who may read a repository: the flow over the kinds of hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from indexer.errors import FetchRefused
from indexer.fetching.hosts import Resolver, resolve_host
from indexer.fetching.policy import LocationPolicy
from indexer.hosting.api import HostApi
from indexer.hosting.listing import HOSTS
from indexer.hosting.members import bitbucket, gitea, github, gitlab
from indexer.hosting.members.values import HostedAccess
from indexer.hosting.paging import Asker, Errand, header_value
from indexer.hosting.values import HostLimits

PART = re.compile(r"(?!\.{1,2}(?:/|$))~?[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind of host tells of members."""

    read: Callable[[Asker, str], HostedAccess]
    rights: str  # what a token needs
    has_groups: bool = False  # paths may have more than two parts


WAYS: Mapping[str, Way] = {
    "gitlab": Way(gitlab.read, gitlab.RIGHTS, has_groups=True),
    "github": Way(github.read, github.RIGHTS),
    "gitea": Way(gitea.read, gitea.RIGHTS),
    "bitbucket": Way(bitbucket.read, bitbucket.RIGHTS),
}


def read_access(
    kind: str,
    address: str,
    path: str,
    *,
    token: str,
    policy: LocationPolicy,
    limits: HostLimits | None = None,
    resolver: Resolver = resolve_host,
) -> HostedAccess:
    """Return who may read the repository at a path of a host, and how open it is.

    Raises FetchRefused or FetchFailed with a sentence. An answer without the repository's number is
    refused too: without it nobody can tell whether another repository has taken its place.
    """
    way, host = WAYS[kind], HOSTS[kind]
    _check_path(path, way)
    headers = host.headers(header_value(token)) if token else {}
    errand = Errand(
        "list who may read a repository", way.rights, f"repository {path}", "api_no_repository"
    )
    with HostApi(
        host.api_of(address),
        headers,
        policy=policy,
        limits=limits or HostLimits(),
        resolver=resolver,
    ) as api:
        access = way.read(Asker(api, host, errand), path)
        if not access.repository_id:
            raise FetchRefused(
                "not_the_api",
                f"{api.base.host} answers, but not as {host.label} does. Check the kind.",
            )
    return access


def _check_path(path: str, way: Way) -> None:
    parts = path.split("/")
    if len(path) > 500 or len(parts) < 2 or (len(parts) > 2 and not way.has_groups):
        raise _malformed(path)
    if not all(PART.fullmatch(part) for part in parts):
        raise _malformed(path)


def _malformed(path: str) -> FetchRefused:
    return FetchRefused(
        "path_malformed", f"{path[:100]!r} cannot be the path of a repository on this server."
    )
