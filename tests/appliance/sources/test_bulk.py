"""Many sources from a list: what it says, what would happen, and what happened."""

from __future__ import annotations

import time

import pytest

from appliance.sources.bulk import (
    Line,
    ListRefused,
    Planned,
    connect_all,
    name_candidates,
    plan,
    read_list,
)
from appliance.sources.credentials import add
from appliance.sources.managing import connect
from indexer.fetching.values import Credential
from indexer.ingestion.sync import credential_of
from indexer.models import Job, Source

HOST = "https://git.example.com"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("# a comment\n\n  \n", []),
        (f"{HOST}/a", [Line(1, f"{HOST}/a")]),
        (f"\n{HOST}/a shop\r\n", [Line(2, f"{HOST}/a", "shop")]),
        (f"{HOST}/a shop main v1.*", [Line(1, f"{HOST}/a", "shop", ("main", "v1.*"))]),
        (f"\ufeff{HOST}/a", [Line(1, f"{HOST}/a")]),
        (f"url\n{HOST}/a", [Line(2, f"{HOST}/a")]),
        (f"\ufeffURL,Name,Refs\n{HOST}/a,shop,main v1", [Line(2, f"{HOST}/a", "shop", ("main", "v1"))]),
        (f'refs,address\n"main,dev",{HOST}/a', [Line(2, f"{HOST}/a", "", ("main", "dev"))]),
        (f"url,name\n{HOST}/a", [Line(2, f"{HOST}/a")]),
    ],
)  # fmt: skip
def test_a_list_is_lines_or_csv(text: str, lines: list[Line]) -> None:
    assert read_list(text) == lines


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("url,password\nx,y", "no column 'password'"),
        ('url,name\n"open', "Line 2 is not CSV"),
        ("x\n" * 5001, "at most 5000"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_as_a_whole(text: str, sentence: str) -> None:
    with pytest.raises(ListRefused, match=sentence):
        read_list(text)


@pytest.mark.parametrize(
    ("location", "names"),
    [
        (f"{HOST}/team/shop.git", ["shop", "team-shop"]),
        (f"{HOST}/team/shop/", ["shop", "team-shop"]),
        ("git@git.example.com:team/shop.git", ["shop", "team-shop"]),
        (f"{HOST}/~ana/my%20shop", ["my-shop", "ana-my-shop"]),
        (f"{HOST}/%2e%2e/---", ["source"]),
        (f"{HOST}/{'x' * 300}", ["x" * 100]),
    ],
)
def test_a_location_suggests_names(location: str, names: list[str]) -> None:
    assert name_candidates(location) == names


def planned(text: str, *, only_host: str | None = None) -> list[Planned]:
    return plan(read_list(text), only_host=only_host)


def names_of(text: str) -> list[str]:
    return [one.name for one in planned(text)]


def test_names_that_would_collide_are_all_longer(db: None) -> None:
    connect(f"{HOST}/old/docs", name="docs")
    text = f"{HOST}/a/shop\n{HOST}/b/Shop.git\n{HOST}/x/docs\n{HOST}/x/cart\n"
    assert names_of(text) == ["a-shop", "b-Shop", "x-docs", "cart"]


def test_names_are_numbered_when_the_paths_are_the_same(db: None) -> None:
    text = f"{HOST}/a/shop\nhttps://other.example.com/a/shop\n{HOST}/connect\n"
    assert names_of(text) == ["a-shop", "a-shop-2", "connect-2"]


def test_a_name_of_the_list_is_kept_from_those_that_are_made_up(db: None) -> None:
    assert names_of(f"{HOST}/a/shop\n{HOST}/b/other shop\n") == ["a-shop", "shop"]


def outcomes(text: str) -> list[tuple[str, str]]:
    return [(one.outcome, one.reason) for one in planned(text)]


def test_what_is_connected_already_is_known_however_it_is_written(db: None) -> None:
    connect(f"{HOST}/team/shop.git", name="shop")
    text = f"{HOST}/team/shop\nhttps://GIT.example.com/team/shop.git\n{HOST}/team/shop/\n"
    assert [(one.outcome, one.name) for one in planned(text)] == [("known", "shop")] * 3


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("https://user:hush@git.example.com/x", "user name or a password"),
        ("file:///etc", "not allowed"),
        ("/srv/git/x", "Only addresses of git servers"),
        ("https://127.0.0.1/x", "leads to this machine"),
        ("--upload-pack=id", "dash"),
        (f"{HOST}/x x --exec=id", "dash"),
        (f"{HOST}/x a/b", "cannot be a name"),
        (f"{HOST}/x connect", "already a source"),
        (f"{HOST}/x shop", "already a source"),
        (f"{HOST}/x \u202ename", "cannot be a name"),
    ],
)
def test_a_line_is_refused_with_its_reason(db: None, line: str, sentence: str) -> None:
    connect(f"{HOST}/team/shop.git", name="shop")
    (one,) = planned(line)
    assert one.outcome == "refused"
    assert sentence in one.reason
    assert "hush" not in one.reason


def test_lines_that_say_the_same_twice_are_refused(db: None) -> None:
    assert outcomes(f"{HOST}/a x\n{HOST}/a.git y\n{HOST}/b n\n{HOST}/c N\n") == [
        ("connect", ""),
        ("refused", "Line 1 names the same repository."),
        ("refused", "Another line has the same name."),
        ("refused", "Another line has the same name."),
    ]


def test_a_host_lists_only_what_lies_on_it(db: None) -> None:
    text = f"{HOST}/a\nhttps://evil.example.com/b\n"
    found = planned(text, only_host="git.example.com")
    assert [one.outcome for one in found] == ["connect", "refused"]


def test_a_planned_line_reads_back_as_itself(db: None) -> None:
    found = planned(f"{HOST}/team/shop '' \n{HOST}/team/cart cart main v1\n")[1:]
    again = plan(read_list("\n".join(one.as_line for one in found)))
    assert [(one.line.location, one.name, one.line.ref_names) for one in again] == [
        (f"{HOST}/team/cart", "cart", ("main", "v1"))
    ]


def test_connecting_queues_a_sync_for_each_with_the_shared_credential(db: None) -> None:
    shared = add("reader", Credential("git", "tkn"))
    results = connect_all(planned(f"{HOST}/a\n{HOST}/b b main\n"), shared_credential=shared)
    assert [(result.name, result.is_connected) for result in results] == [("a", True), ("b", True)]
    assert Job.objects.filter(state=Job.State.QUEUED).count() == 2
    source = Source.objects.get(name="b")
    assert (source.ref_names, credential_of(source)) == (["main"], Credential("git", "tkn"))


def test_one_line_that_fails_leaves_the_others_alone(db: None) -> None:
    found = planned(f"{HOST}/a\nfile:///etc\n{HOST}/b\n")
    connect(f"{HOST}/elsewhere", name="a")  # since the preview
    results = connect_all(found)
    assert [result.is_connected for result in results] == [False, False, True]
    assert "already a source called a" in results[0].reason
    assert sorted(Source.objects.values_list("name", flat=True)) == ["a", "b"]
    assert Job.objects.count() == 1


def test_five_hundred_lines_are_planned_in_seconds(db: None) -> None:
    text = "\n".join(f"{HOST}/team{n % 7}/repository-{n % 60}-{n % 11}" for n in range(500))
    started = time.monotonic()
    found = planned(text)
    assert time.monotonic() - started < 30
    names = [one.name.lower() for one in found if one.outcome == "connect"]
    assert len(names) == len(set(names))
