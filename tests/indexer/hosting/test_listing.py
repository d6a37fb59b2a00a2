"""Listing what a token sees, from servers that page, refuse and misbehave as real ones do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import FetchError, FetchFailed, FetchRefused, LocationRefused
from indexer.fetching.policy import LocationPolicy
from indexer.hosting.listing import list_repositories
from indexer.hosting.values import HostLimits, Listing, Wanted
from tests.certificates import Authority
from tests.hostserver import TOKEN, Behaviour, HostHandler, HostServer, serve_host

KINDS = ["gitlab", "github", "gitea", "bitbucket"]
POLICY = LocationPolicy(schemes=frozenset({"http", "https"}), networks=("127.0.0.0/8",))


def listed(
    server: HostServer,
    group: str = "shop",
    *,
    wanted: Wanted | None = None,
    token: str = TOKEN,
    limits: HostLimits | None = None,
    address: str = "",
    policy: LocationPolicy = POLICY,
    resolver: Callable[[str], Sequence[str]] = lambda host: ["127.0.0.1"],
) -> Listing:
    return list_repositories(
        server.kind,
        address or server.address,
        group,
        token=token,
        policy=policy,
        wanted=wanted,
        limits=limits or HostLimits(wall_s=5, read_s=1, connect_s=2),
        resolver=resolver,
    )


def failure(server: HostServer, behaviour: Behaviour, **limits: Any) -> FetchError:
    """Return what a listing raises when the server behaves like this."""
    server.behaviour = behaviour
    with pytest.raises(FetchError) as caught:
        listed(server, limits=replace(HostLimits(wall_s=5, read_s=1), **limits))
    return caught.value


def paths_of(listing: Listing) -> list[str]:
    return [repository.path for repository in listing.repositories]


def names(count: int) -> list[str]:
    return [f"shop/r{number:03}" for number in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 50, 100, 101, 250])
def test_every_page_is_read_and_none_twice(kind: str, count: int) -> None:
    with serve_host(kind, {"shop": names(count)}) as server:
        listing = listed(server)
    assert paths_of(listing) == names(count)
    assert (listing.seen, listing.is_cut) == (count, False)
    assert len(server.requests) <= count // (50 if kind == "gitea" else 100) + 1
    assert [one.clone_url for one in listing.repositories] == [
        server.clone_url(name) for name in names(count)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_may_give_shorter_pages_than_asked_for(kind: str) -> None:
    with serve_host(kind, {"shop": names(25)}) as server:
        server.largest_page = 10
        assert paths_of(listed(server)) == names(25)


def test_a_subgroup_travels_as_one_part_of_the_address() -> None:
    with serve_host("gitlab", {"shop/backend": ["shop/backend/cart"]}) as server:
        assert paths_of(listed(server, "shop/backend")) == ["shop/backend/cart"]
    assert "/groups/shop%2Fbackend/projects?include_subgroups=true" in server.requests[0]


@pytest.mark.parametrize("kind", KINDS)
def test_archived_forked_and_empty_repositories_come_only_when_asked_for(kind: str) -> None:
    with serve_host(kind, {"shop": ["shop/a", "shop/old", "shop/fork", "shop/none"]}) as server:
        server.archived, server.forks = {"shop/old"}, {"shop/fork"}
        if kind not in {"github", "bitbucket"}:  # they say nothing of it in a list
            server.empty = {"shop/none"}
        else:
            server.groups["shop"].remove("shop/none")
        assert paths_of(listed(server)) == ["shop/a"]
        everything = listed(server, wanted=Wanted(archived=True, forks=True))
        assert paths_of(everything) == ["shop/a", "shop/old", "shop/fork"]


@pytest.mark.parametrize(("name", "found"), [("R00", 10), ("shop/r?1*", 10), ("none", 0)])
def test_names_are_narrowed_by_a_part_or_a_pattern(name: str, found: int) -> None:
    with serve_host("gitlab", {"shop": names(100)}) as server:
        listing = listed(server, wanted=Wanted(name=name))
    assert (len(listing.repositories), listing.seen) == (found, 100)


def answer_with(status: int, body: bytes = b"{}", **headers: str) -> Behaviour:
    def behave(handler: HostHandler) -> bool:
        handler.send(status, body, **headers)
        return True

    return behave


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("behaviour", "code", "may_help"),
    [
        (answer_with(401), "api_token_refused", False),
        (answer_with(403), "api_forbidden", False),
        (answer_with(403, X_RateLimit_Remaining="0"), "api_rate_limit", True),
        (answer_with(403, Retry_After="60"), "api_rate_limit", True),
        (answer_with(429), "api_rate_limit", True),
        (answer_with(404), "api_no_group", False),
        (answer_with(418), "api_refused", False),
        (answer_with(500, b"<html>"), "api_failed", True),
        (answer_with(503), "api_failed", True),
        (answer_with(302, Location="http://169.254.169.254/"), "api_redirect", False),
        (answer_with(200, b"<html>sign in</html>"), "not_the_api", False),
        (answer_with(200, b'{"a": 1}'), "not_the_api", False),
        (answer_with(200, b"[" * 100_000), "not_the_api", False),
        (answer_with(200, b"\xff\xfe\x00"), "not_the_api", False),
    ],
    ids=[
        "401",
        "403",
        "403 empty quota",
        "403 wait",
        "429",
        "404",
        "418",
        "500",
        "503",
        "302",
        "html",
        "object",
        "deep",
        "binary",
    ],
)
def test_what_goes_wrong_is_one_sentence(
    kind: str, behaviour: Behaviour, code: str, may_help: bool
) -> None:
    with serve_host(kind, {}) as server:
        error = failure(server, behaviour)
    assert error.code == code
    assert isinstance(error, FetchFailed if may_help else FetchRefused)
    assert str(error).endswith(".")
    assert TOKEN not in str(error) + repr(error)
    assert len(server.requests) == 1


def drip(handler: HostHandler) -> bool:
    """Send a byte now and then: each is in time, all of them never."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server_state.stopped.wait(0.05):
        handler.wfile.write(b" ")
    return True


def say_nothing(handler: HostHandler) -> bool:
    handler.server_state.stopped.wait(60)
    return True


@pytest.mark.parametrize("behaviour", [drip, say_nothing], ids=["drip", "silence"])
def test_a_slow_server_is_left_in_time(behaviour: Behaviour) -> None:
    started = time.monotonic()
    with serve_host("gitlab", {}) as server:
        assert failure(server, behaviour, wall_s=0.6, read_s=0.5).code == "api_timeout"
    assert time.monotonic() - started < 20


def test_a_page_without_end_is_not_read_to_its_end() -> None:
    with serve_host("gitea", {}) as server:
        error = failure(server, answer_with(200, b" " * 2_000_000), page_bytes=100_000)
    assert error.code == "api_too_large"


def test_a_listing_without_end_is_cut_and_says_so() -> None:
    with serve_host("github", {"shop": names(400)}) as server:
        listing = listed(server, limits=HostLimits(repositories=150))
    assert (len(listing.repositories), listing.is_cut) == (150, True)


def test_a_server_that_names_the_same_page_again_is_left() -> None:
    with serve_host("github", {"shop": []}) as server:
        here = f"{server.address}/api/v3/orgs/shop/repos?type=all&sort=full_name&per_page=100"
        error = failure(server, answer_with(200, b"[]", Link=f'<{here}>; rel="next"'))
    assert error.code == "api_endless"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "link", ["http://127.0.0.2/x", "//evil.example.com/x", "mailto:x", "http://[::1]/x"]
)
def test_a_next_page_on_another_host_is_refused(link: str) -> None:
    with serve_host("gitlab", {"shop": []}) as server:
        error = failure(server, answer_with(200, b"[]", Link=f'<{link}>; rel="next"'))
    assert error.code == "api_elsewhere"
    assert len(server.requests) == 1


def test_a_next_page_by_another_port_stays_on_this_one() -> None:
    with serve_host("gitlab", {"shop": names(3)}) as server:
        behaviours = iter([answer_with(200, b"[]", Link='<http://127.0.0.1:9/p?a=1>; rel="next"')])

        def behave(handler: HostHandler) -> bool:
            return next(behaviours, answer_with(200, b"[]"))(handler)

        server.behaviour = behave
        listed(server)
    assert server.requests[1] == "/p?a=1"


@pytest.mark.parametrize(
    "entry",
    [None, 1, "text", [], {"full_name": 3, "clone_url": {}}, {"full_name": "a\n../\u202e<b>"}],
)
def test_odd_entries_neither_break_the_listing_nor_become_more_than_text(entry: object) -> None:
    with serve_host("gitea", {"shop": []}) as server:
        server.behaviour = answer_with(200, json.dumps([entry]).encode(), X_Total_Count="1")
        listing = listed(server)
    assert all(
        isinstance(one.path, str) and isinstance(one.clone_url, str) for one in listing.repositories
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1",
        "http://localhost:1",
        "http://169.254.169.254",
        "http://[::1]:1",
        "http://[::ffff:127.0.0.1]:1",
        "http://0.0.0.0:1",
    ],
)
def test_this_machine_and_link_local_addresses_are_closed(address: str) -> None:
    policy = replace(POLICY, networks=())
    with serve_host("gitlab", {}) as server, pytest.raises(LocationRefused) as caught:
        listed(server, address=address, policy=policy)
    assert caught.value.code == "host_not_allowed"
    assert server.requests == []


def test_a_name_that_leads_into_this_machine_is_closed() -> None:
    policy = replace(POLICY, networks=())
    with serve_host("gitlab", {}) as server, pytest.raises(LocationRefused):
        listed(server, address=f"http://gitlab.example.com:{server.port}", policy=policy)
    assert server.requests == []


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    answers = iter([["127.0.0.1"], ["10.255.255.1"]])
    with serve_host("gitlab", {"shop": names(2)}) as server:
        address = f"http://gitlab.example.com:{server.port}"
        listing = listed(server, address=address, resolver=lambda host: next(answers))
    assert len(listing.repositories) == 2
    assert server.hosts == [f"gitlab.example.com:{server.port}"]


@pytest.mark.parametrize(
    ("address", "policy"),
    [
        ("file:///etc", POLICY),
        ("ssh://git@127.0.0.1/x", POLICY),
        ("https://user:secret@127.0.0.1", POLICY),
        ("http://127.0.0.1", replace(POLICY, schemes=frozenset({"https"}))),
        ("https://other.example.com", replace(POLICY, hosts=("git.example.com",))),
        ("https://gitlab.example.com\n", POLICY),
        ("", POLICY),
    ],
)
def test_an_address_that_git_may_not_use_is_refused(address: str, policy: LocationPolicy) -> None:
    with pytest.raises(FetchRefused):
        list_repositories("gitlab", address, "shop", token=TOKEN, policy=policy)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("group", ["", "a b", "../x", "a/../b", "a?x=1", "a#b", "ü", "x" * 600])
def test_a_group_that_could_be_more_than_a_name_is_refused(kind: str, group: str) -> None:
    with serve_host(kind, {}) as server, pytest.raises(FetchRefused) as caught:
        listed(server, group)
    assert caught.value.code == "group_malformed"
    assert server.requests == []


@pytest.mark.parametrize("token", ["a\nb", "a\r\nX-Admin: 1", "\u202e", "ü"])
def test_a_token_that_could_be_more_than_a_header_is_refused(token: str) -> None:
    with serve_host("github", {}) as server, pytest.raises(FetchRefused) as caught:
        listed(server, token=token)
    assert token not in str(caught.value)
    assert server.requests == []


def test_the_public_github_has_a_host_for_its_api() -> None:
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with pytest.raises(LocationRefused):
        list_repositories(
            "github",
            "https://github.com/",
            "shop",
            token=TOKEN,
            policy=LocationPolicy(),
            resolver=resolve,
        )
    assert asked == ["api.github.com"]


def test_a_certificate_counts_when_its_authority_is_trusted(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = authority.issue("server", ("gitlab.example.com",)).together()
    with serve_host("gitlab", {"shop": names(1)}, certificate=certificate) as server:
        address = f"https://gitlab.example.com:{server.port}"
        with pytest.raises(FetchRefused) as caught:
            listed(server, address=address)
        assert caught.value.code == "certificate"
        trusting = replace(POLICY, ca_file=authority.file)
        assert paths_of(listed(server, address=address, policy=trusting)) == names(1)
        other = f"https://other.example.com:{server.port}"
        with pytest.raises(FetchRefused) as caught:
            listed(server, address=other, policy=trusting)
        assert caught.value.code == "certificate"


@pytest.mark.parametrize("query", ["", "?page=", "?page=%C2%B2", "?page=" + "9" * 12])
def test_a_gitea_that_leads_to_no_numbered_page_is_none(query: str) -> None:
    """Such an answer would have broken the numbering of the pages that follow."""

    def astray(handler: HostHandler) -> bool:
        link = f'<{handler.server_state.address}/api/v1/orgs/shop/repos{query}>; rel="next"'
        if handler.path.endswith("page=1"):
            handler.send(
                200, json.dumps([handler.server_state.entry("shop/a")]).encode(), Link=link
            )
        else:
            handler.send(200, json.dumps([handler.server_state.entry("shop/b")]).encode())
        return True

    with serve_host("gitea", {"shop": names(3)}) as server:
        assert failure(server, astray).code == "not_the_api"
