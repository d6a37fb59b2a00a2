"""What was masked: each place once, with its rule and since when, never its value; for staff alone."""

from __future__ import annotations

import io
import json
import random
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.findings import MaskedPlace, RuleCount, counts_of, masked_in, places_of
from appliance.sources.granting import set_grant
from appliance.sources.managing import connect
from appliance.sources.views.findings import PER_PAGE
from indexer.ingestion.inline import sync_now
from indexer.models import Finding, Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import FIRST_COMMIT_AT, Repository
from tests.indexer.masking.keys import KINDS

DICE = random.Random(7)  # noqa: S311  the same keys in every run
GITLAB, AWS = KINDS["gitlab"](DICE), KINDS["aws id"](DICE)
FILES: dict[str, str | bytes | None] = {
    "app/config.py": f'import os\n\nTOKEN = "{GITLAB}"\nKEY = "{AWS}"\n',
    "app/login.py": 'level = "user"\nif level != "user\u202e \u2066":\n    pass\n',
    "app/plain.py": "plain = True\n",
}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    """Hold main, and the branch old with a version of config.py of its own and nothing else."""
    repository = repository_factory(FILES, "shop")
    repository.git("checkout", "--quiet", "-b", "old")
    nothing_else = dict.fromkeys(["app/login.py", "app/plain.py"])
    repository.commit({"app/config.py": f'OLD = "{GITLAB}"\n', **nothing_else})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"app/plain.py": "plain = False\n"})
    return repository


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository, refs=("main", "old"))


def places(source: Source, **wanted: str) -> list[tuple[str, int, str, str]]:
    found = places_of(source, masked_in(source, **wanted))
    return [(place.path, place.line, place.rule, place.ref) for place in found]


def test_every_place_is_listed_once_with_its_ref(shop: Source) -> None:
    assert places(shop) == [
        ("app/config.py", 1, "gitlab-token", "old"),
        ("app/config.py", 3, "gitlab-token", "main"),
        ("app/config.py", 4, "aws-key", "main"),
        ("app/login.py", 2, "bidirectional-U+202E", "main"),
        ("app/login.py", 2, "bidirectional-U+2066", "main"),
    ]


def test_since_is_the_commit_that_made_the_file_what_it_is(
    shop: Source, repository: Repository
) -> None:
    by_ref = {place.ref: place for place in places_of(shop, masked_in(shop))}
    assert by_ref["main"].since == datetime.fromtimestamp(FIRST_COMMIT_AT, tz=UTC)
    assert by_ref["old"].since is None
    repository.commit({"app/config.py": f'TOKEN = "{GITLAB}"\n'})
    sync_now(shop)
    by_ref = {place.ref: place for place in places_of(shop, masked_in(shop, kind="secret"))}
    assert by_ref["main"].since == datetime.fromtimestamp(FIRST_COMMIT_AT + 180, tz=UTC)


def test_without_a_mirror_the_places_are_listed_all_the_same(
    shop: Source, settings: Settings
) -> None:
    settings.MIRRORS_DIR = settings.MIRRORS_DIR / "elsewhere"
    found = places_of(shop, masked_in(shop))
    assert len(found) == 5
    assert {place.since for place in found} == {None}


def test_kind_and_rule_narrow_together(shop: Source) -> None:
    assert [line for _, line, _, _ in places(shop, kind="secret")] == [1, 3, 4]
    assert [line for _, line, _, _ in places(shop, kind="invisible")] == [2, 2]
    assert [line for _, line, _, _ in places(shop, kind="secret", rule="aws-key")] == [4]
    assert places(shop, kind="invisible", rule="aws-key") == []


def test_counts_put_secrets_first(shop: Source) -> None:
    assert counts_of(shop) == [
        RuleCount("secret", "gitlab-token", 2, 1),
        RuleCount("secret", "aws-key", 1, 1),
        RuleCount("invisible", "bidirectional-U+202E", 1, 1),
        RuleCount("invisible", "bidirectional-U+2066", 1, 1),
    ]


def test_content_that_two_sources_share_is_listed_in_each_under_its_own_path(
    shop: Source, source_factory: SourceFactory
) -> None:
    other = source_factory("other", {"moved/settings.py": FILES["app/config.py"]})
    assert places(other) == [
        ("moved/settings.py", 3, "gitlab-token", "main"),
        ("moved/settings.py", 4, "aws-key", "main"),
    ]
    assert len(places(shop)) == 5


def test_what_is_taken_out_of_a_file_leaves_the_list(shop: Source, repository: Repository) -> None:
    repository.commit({"app/config.py": None, "app/login.py": "level = 1\n"})
    sync_now(shop)
    assert places(shop) == [("app/config.py", 1, "gitlab-token", "old")]


def test_an_excluded_path_leaves_the_list(shop: Source) -> None:
    Source.objects.update(exclude_patterns=["app/"])
    shop.refresh_from_db()
    sync_now(shop)
    assert places(shop) == []


@pytest.mark.parametrize("person", ["owner", "reader", "outsider"])
@pytest.mark.parametrize("name", ["shop", "nothing", "a\0b"])
def test_only_staff_see_the_page(
    person: str, name: str, client: Client, shop: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    response = client.get(f"/sources/{name}/findings/")
    assert response.status_code == 404
    assert response.content == client.get("/nothing/here/").content


def test_nobody_sees_it_without_signing_in(client: Client, shop: Source) -> None:
    response = client.get("/sources/shop/findings/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_the_page_shows_places_and_what_to_do_and_no_value(
    client: Client, shop: Source, staff: User
) -> None:
    client.force_login(staff)
    page = client.get("/sources/shop/findings/").content.decode()
    assert page.count("app/config.py") == 3
    assert "Rotate the secret" in page
    assert "exclude its path" in page
    assert GITLAB not in page
    assert AWS not in page
    assert "\u202e" not in page
    assert client.get("/sources/a%00b/findings/").status_code == 404
    assert client.post("/sources/shop/findings/").status_code == 405


def test_only_an_admin_to_whom_the_path_is_granted_gets_a_link_to_the_line(
    client: Client, shop: Source, staff: User
) -> None:
    client.force_login(staff)
    commit = shop.refs.get(name="main").commit
    link = f"/files/shop/{commit}/app/config.py?lines=3"
    assert link not in client.get("/sources/shop/findings/").content.decode()
    set_grant("admins", shop, "app/config.py")
    staff.groups.add(Group.objects.get(name="admins"))
    assert link in client.get("/sources/shop/findings/").content.decode()
    assert client.get(link).status_code == 200


def test_the_filters_of_the_page_narrow_and_odd_ones_do_nothing(
    client: Client, shop: Source, staff: User
) -> None:
    client.force_login(staff)

    def shown(query: str) -> int:
        return len(client.get(f"/sources/shop/findings/?{query}").context["places"])

    assert shown("kind=secret") == 3
    assert shown("rule=aws-key") == 1
    assert shown("kind=%00&rule=nothing&page=x") == 5
    assert shown("kind=invisible&rule=aws-key") == 0


def test_many_places_come_in_pages(client: Client, shop: Source, staff: User) -> None:
    blob = shop.documents.get(path="app/login.py").blob
    Finding.objects.bulk_create(
        Finding(blob=blob, kind="secret", rule="jwt", line=line) for line in range(1, PER_PAGE + 2)
    )
    client.force_login(staff)
    page = client.get("/sources/shop/findings/?rule=jwt")
    assert len(page.context["places"]) == PER_PAGE
    assert "rule=jwt&amp;page=2" in page.content.decode()
    second = client.get("/sources/shop/findings/?rule=jwt&page=2").context["places"]
    assert [place.line for place, _ in second] == [PER_PAGE + 1]


def test_the_source_page_links_to_it_with_the_count(
    client: Client, shop: Source, staff: User
) -> None:
    client.force_login(staff)
    page = client.get("/sources/shop/").content.decode()
    assert '<a href="/sources/shop/findings/">5 places</a>' in page
    Finding.objects.all().delete()
    assert "/sources/shop/findings/" not in client.get("/sources/shop/").content.decode()


def test_a_source_without_any_says_so(client: Client, shop: Source, staff: User) -> None:
    client.force_login(staff)
    Finding.objects.all().delete()
    assert "Nothing was masked" in client.get("/sources/shop/findings/").content.decode()
    connect("https://git.example.com/new.git", name="new")
    page = client.get("/sources/new/findings/").content.decode()
    assert "has not been synced yet" in page


def test_the_command_lists_the_same_and_no_value(shop: Source) -> None:
    out = io.StringIO()
    call_command("findings", "shop", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["source"] == "shop"
    assert list(told["findings"][0]) == list(MaskedPlace.__slots__)
    assert [(one["path"], one["line"], one["rule"], one["ref"]) for one in told["findings"]] == (
        places(shop)
    )
    assert GITLAB not in out.getvalue()
    out = io.StringIO()
    call_command("findings", "shop", "--kind", "invisible", stdout=out)
    assert out.getvalue().splitlines() == [
        "app/login.py:2: bidirectional-U+202E (in main, since 2025-06-15)",
        "app/login.py:2: bidirectional-U+2066 (in main, since 2025-06-15)",
    ]
    Finding.objects.all().delete()
    out = io.StringIO()
    call_command("findings", "shop", stdout=out)
    assert out.getvalue() == "Nothing was masked.\n"
