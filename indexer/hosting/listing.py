"""List the repositories of a group that a token may see: the flow over the kinds of hosts."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.hosts import Resolver, resolve_host
from indexer.fetching.policy import LocationPolicy
from indexer.hosting.api import HostApi, Page
from indexer.hosting.gitea import Gitea
from indexer.hosting.github import GitHub
from indexer.hosting.gitlab import GitLab
from indexer.hosting.host import Host
from indexer.hosting.values import HostedRepository, HostLimits, Listing, Wanted

HOSTS: dict[str, Host] = {"gitlab": GitLab(), "github": GitHub(), "gitea": Gitea()}


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
    headers = host.headers(_header_value(token)) if token else {}
    found: list[HostedRepository] = []
    seen = 0
    with HostApi(
        host.api_of(address), headers, policy=policy, limits=limits, resolver=resolver
    ) as api:
        for page in _pages(api, host, first, group):
            seen += len(page)
            found += [repository for repository in page if wanted.takes(repository)]
            if seen >= limits.repositories:
                return Listing(tuple(found[: limits.repositories]), seen, is_cut=True)
    return Listing(tuple(found), seen, is_cut=False)


def _pages(api: HostApi, host: Host, first: str, group: str) -> Iterator[list[HostedRepository]]:
    page = api.get(first)
    asked = {page.url}
    seen = 0
    while True:
        _check_status(page, host, group)
        entries = page.entries
        if not isinstance(entries, list):
            raise FetchRefused(
                "not_the_api",
                f"{api.base.host} answers, but not as {host.label} does. Check the kind.",
            )
        seen += len(entries)
        yield [host.read(entry) for entry in entries if isinstance(entry, dict)]
        link = host.next_page(page.headers, page.url, len(entries), seen)
        if link is None:
            return
        api.check_time()
        page = api.follow(link)
        if page.url in asked or len(asked) >= api.limits.pages:
            raise FetchFailed(
                "api_endless", f"{api.base.host} lists the same pages again and again."
            )
        asked.add(page.url)


def _header_value(token: str) -> str:
    if not token.isascii() or not token.isprintable():
        raise FetchRefused(
            "credential_malformed", "This credential holds no access token. Enter it again."
        )
    return token


def _check_status(page: Page, host: Host, group: str) -> None:
    """Raise what an error of the API means for the person who asked."""
    status, name = page.status, urlsplit(page.url).hostname
    if 200 <= status < 300:
        return
    if status == 429 or (status == 403 and _is_rate_limited(page)):
        raise FetchFailed(
            "api_rate_limit",
            f"{name} has had enough requests of this token for now. Try again later.",
        )
    if status == 401:
        raise FetchRefused(
            "api_token_refused",
            f"{name} does not accept the token. It may have expired, or belong to another server.",
        )
    if status == 403:
        raise FetchRefused(
            "api_forbidden",
            f"The token may not list repositories on {name}. It needs {host.rights}.",
        )
    if status == 404:
        raise FetchRefused(
            "api_no_group",
            f"{name} knows no {host.group_word} called {group}, or the token may not see it.",
        )
    if 300 <= status < 400:
        raise FetchRefused(
            "api_redirect",
            f"{name} sends on to another address, which is not followed. Enter the address that "
            "the server itself uses.",
        )
    if status >= 500:
        raise FetchFailed("api_failed", f"{name} has a problem of its own (HTTP {status}).")
    raise FetchRefused("api_refused", f"{name} refuses the request (HTTP {status}).")


def _is_rate_limited(page: Page) -> bool:
    return "retry-after" in page.headers or page.headers.get("x-ratelimit-remaining") == "0"
