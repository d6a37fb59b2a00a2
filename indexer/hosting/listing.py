"""List the repositories of a group that a token may see: the flow over the kinds of hosts."""

from __future__ import annotations

from indexer.fetching.hosts import Resolver, resolve_host
from indexer.fetching.policy import LocationPolicy
from indexer.hosting.api import HostApi
from indexer.hosting.bitbucket import Bitbucket
from indexer.hosting.gitea import Gitea
from indexer.hosting.github import GitHub
from indexer.hosting.gitlab import GitLab
from indexer.hosting.host import Host
from indexer.hosting.paging import Asker, Errand, header_value
from indexer.hosting.values import HostedRepository, HostLimits, Listing, Wanted

HOSTS: dict[str, Host] = {
    "gitlab": GitLab(),
    "github": GitHub(),
    "gitea": Gitea(),
    "bitbucket": Bitbucket(),
}


def list_repositories(
    kind: str,
    address: str,
    group: str,
    *,
    token: str,
    policy: LocationPolicy,
    wanted: Wanted | None = None,
    limits: HostLimits | None = None,
    resolver: Resolver = resolve_host,
) -> Listing:
    """Return what the token sees of a group; raises FetchRefused or FetchFailed with a sentence."""
    host, limits, wanted = HOSTS[kind], limits or HostLimits(), wanted or Wanted()
    first = host.first_page(group)
    headers = host.headers(header_value(token)) if token else {}
    errand = Errand("list repositories", host.rights, f"{host.group_word} called {group}")
    found: list[HostedRepository] = []
    seen = 0
    with HostApi(
        host.api_of(address), headers, policy=policy, limits=limits, resolver=resolver
    ) as api:
        for page in Asker(api, host, errand).pages(first):
            seen += len(page)
            read = map(host.read, page)
            found += [repository for repository in read if wanted.takes(repository)]
            if seen >= limits.repositories:
                return Listing(tuple(found[: limits.repositories]), seen, is_cut=True)
    return Listing(tuple(found), seen, is_cut=False)
