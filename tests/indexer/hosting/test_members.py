"""Reading who may read a repository, from hosts that page, hide and refuse as real ones do."""

from __future__ import annotations

import json

import pytest

from indexer.errors import FetchError
from indexer.fetching.policy import LocationPolicy
from indexer.hosting.members.reading import read_access
from indexer.hosting.members.values import HostedAccess
from indexer.hosting.values import HostLimits
from tests.hostmembers import Account, MembersHost, Project, serve_members
from tests.hostserver import TOKEN, HostHandler

KINDS = ["gitlab", "github", "gitea", "bitbucket"]
POLICY = LocationPolicy(schemes=frozenset({"http", "https"}), networks=("127.0.0.0/8",))


def read(host: MembersHost, path: str = "shop/cart", *, token: str = TOKEN) -> HostedAccess:
    return read_access(
        host.server.kind,
        host.server.address,
        path,
        token=token,
        policy=POLICY,
        limits=HostLimits(wall_s=5, read_s=1, connect_s=2),
        resolver=lambda name: ["127.0.0.1"],
    )


def names(access: HostedAccess) -> list[str]:
    return [one.user_name for one in access.members]


def people(count: int) -> list[Account]:
    return [Account(number + 1, f"person{number:03}") for number in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 100, 101, 230])
def test_all_pages_of_members_are_read(kind: str, count: int) -> None:
    with serve_members(kind) as host:
        host.projects["shop/cart"] = Project(7, people(count))
        access = read(host)
    assert names(access) == [f"person{number:03}" for number in range(count)]
    assert access.repository_id == "7"
    assert access.visibility == "private"


def test_gitlab_lets_reporters_read_code_and_guests_not() -> None:
    rights = ["Guest", "Planner", "Reporter", "Developer", "Owner"]
    members = [Account(n, right.lower(), right=right) for n, right in enumerate(rights, 1)]
    members.append(Account(9, "blocked", is_blocked=True))
    with serve_members("gitlab") as host:
        host.projects["shop/back/cart"] = Project(7, members)
        access = read(host, "shop/back/cart")
        assert names(access) == ["developer", "owner", "reporter"]
        assert host.server.requests[0] == "/api/v4/projects/shop%2Fback%2Fcart"
        host.projects["shop/back/cart"].code_level = "disabled"
        assert names(read(host, "shop/back/cart")) == []


@pytest.mark.parametrize(("level", "visibility"), [("enabled", "internal"), ("private", "private")])
def test_an_open_project_may_keep_its_code_to_its_members(level: str, visibility: str) -> None:
    with serve_members("gitlab") as host:
        host.projects["shop/cart"] = Project(7, visibility="internal", code_level=level)
        assert read(host).visibility == visibility


def test_github_counts_who_may_pull() -> None:
    members = [Account(1, "ana", right="read"), Account(2, "ben", right="none")]
    with serve_members("github") as host:
        host.projects["shop/cart"] = Project(7, members, visibility="internal")
        access = read(host)
    assert names(access) == ["ana"]
    assert access.visibility == "internal"
    assert "affiliation=all" in host.server.requests[1]


def test_gitea_counts_owners_teams_and_collaborators_and_never_the_organisation() -> None:
    ana, ben, old = Account(1, "ana"), Account(2, "ben"), Account(3, "old", is_blocked=True)
    with serve_members("gitea") as host:
        host.projects["shop/cart"] = Project(7, [ben, old], team=[ana])
        assert names(read(host)) == ["ana", "ben"]
        host.projects["shop/cart"].team_units = {"repo.issues": "write"}
        assert names(read(host)) == ["ben"]
        host.projects["ana/own"] = Project(8, [ben], owner=ana)
        assert names(read(host, "ana/own")) == ["ana", "ben"]


def test_bitbucket_is_asked_for_the_readers_of_one_repository_alone() -> None:
    ana, old = Account(1, "ana", "ana@example.com"), Account(3, "old", is_blocked=True)
    with serve_members("bitbucket") as host:
        host.projects["SHOP/cart"] = Project(7, [ana, old, Account(4, "ci", right="service")])
        host.projects["PAY/bills"] = Project(8, [Account(2, "ben")], visibility="public")
        host.projects["~ana/own"] = Project(9, [ana])
        access = read(host, "shop/cart")  # as a clone's address has it
        assert [(one.id, one.user_name, one.email) for one in access.members] == [
            ("1", "ana", "ana@example.com")
        ]
        assert (access.repository_id, access.visibility) == ("7", "private")
        assert read(host, "PAY/bills").visibility == "public"
        assert names(read(host, "~ana/own")) == ["ana"]


@pytest.mark.parametrize("told", [{"id": 7}, {"id": 7, "slug": "cart", "project": {"key": ""}}])
def test_bitbucket_is_never_asked_for_everybody(told: dict[str, object]) -> None:
    def names_nothing(handler: HostHandler) -> bool:
        handler.send(200, json.dumps(told).encode())
        return True

    with serve_members("bitbucket") as host:
        host.server.behaviour = names_nothing
        assert read(host).members == ()
        assert host.server.requests == ["/rest/api/1.0/projects/shop/repos/cart"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "api_token_refused"), (403, "api_forbidden"), (404, "api_no_repository"),
     (301, "api_redirect"), (500, "api_failed")],
)  # fmt: skip
def test_a_refusal_is_said_in_words(kind: str, status: int, code: str) -> None:
    with serve_members(kind) as host:
        host.projects["shop/cart"] = Project(7, people(1), status=status)
        with pytest.raises(FetchError) as caught:
            read(host)
    assert caught.value.code == code
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_token_is_said(kind: str) -> None:
    with serve_members(kind) as host, pytest.raises(FetchError) as caught:
        read(host, token="another")
    assert caught.value.code == "api_token_refused"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"id": "7"}', b'{"id": true}', b"<html>", b"null"]
)
def test_an_answer_without_the_repositorys_number_is_refused(kind: str, body: bytes) -> None:
    def lies(handler: HostHandler) -> bool:
        is_list = handler.path.partition("?")[0].endswith(("all", "collaborators", "teams"))
        handler.send(200, b"[]" if is_list else body)
        return True

    with serve_members(kind) as host:
        host.server.behaviour = lies
        with pytest.raises(FetchError) as caught:
            read(host)
    assert caught.value.code == "not_the_api"


@pytest.mark.parametrize(
    "path",
    ["cart", "", "../../users", "shop/..", "shop/cart?x=1", "shop/cart#", "shop//cart", "shop/c\n"],
)
def test_what_is_no_path_asks_nothing(path: str) -> None:
    with serve_members("github") as host:
        with pytest.raises(FetchError) as caught:
            read(host, path)
        assert host.server.requests == []
    assert caught.value.code == "path_malformed"
