"""One file at one commit: who may open it, and which lines are marked."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.browsing.filing import lines_value, marked_span
from appliance.sources.granting import set_grant
from indexer.ingestion.inline import sync_now
from indexer.models import Source
from indexer.spans import Span
from tests.conftest import RepositoryFactory, SourceFactory

FILES = {"shop/cart.py": "def add(cart, item):\n    return cart\n", "secret/keys.md": "# Keys\n"}


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def address(source: Source, path: str = "shop/cart.py", commit: str = "") -> str:
    return f"/files/{source.name}/{commit or source.refs.get().commit}/{path}"


@pytest.mark.parametrize("person", ["owner", "reader"])
def test_readers_open_a_file(
    person: str, client: Client, source: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    response = client.get(address(source), {"lines": "1-2"})
    assert response.status_code == 200
    assert response.content.count(b"is-marked") == 2
    assert b'id="L2"' in response.content
    assert b'id="L3"' not in response.content


@pytest.mark.parametrize("person", ["outsider", "staff"])
def test_outsiders_and_staff_without_a_grant_see_what_everyone_sees_of_nothing(
    person: str, client: Client, source: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    refused = client.get(address(source))
    missing = client.get("/files/nothing/main/shop/cart.py")
    assert refused.status_code == missing.status_code == 404
    assert refused.content == missing.content


def test_a_denied_folder_does_not_open(client: Client, source: Source, reader: User) -> None:
    set_grant("readers", source, "secret/", allow=False)
    client.force_login(reader)
    assert client.get(address(source)).status_code == 200
    assert client.get(address(source, "secret/keys.md")).status_code == 404


def test_nobody_opens_a_file_without_signing_in(client: Client, source: Source) -> None:
    response = client.get(address(source))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", ["shop/nothing.py", "../../etc/passwd", "sho", "shop/cart.py/x"])
def test_paths_that_are_no_document_are_not_found(
    path: str, client: Client, source: Source, reader: User
) -> None:
    client.force_login(reader)
    assert client.get(address(source, path)).status_code == 404


def test_a_branch_stands_for_its_live_commit_even_with_a_slash_in_its_name(
    client: Client,
    source_factory: SourceFactory,
    repository_factory: RepositoryFactory,
    reader: User,
) -> None:
    repository = repository_factory(FILES)
    repository.git("branch", "release/1.0")
    source = source_factory("shop", repository=repository, refs=("main", "release/1.0"))
    repository.commit({"shop/cart.py": "renewed = True\n"})
    sync_now(source)
    client.force_login(reader)
    assert b"renewed" in client.get(address(source, commit="main")).content
    assert b"renewed" not in client.get(address(source, commit="release/1.0")).content
    assert client.get(address(source, commit="release")).status_code == 404


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("10-24", Span(10, 24)),
        ("L10-L24", Span(10, 24)),
        ("7", Span(7, 7)),
        ("90-200", Span(90, 100)),
        ("101", None),
        ("0-3", None),
        ("24-10", None),
        ("", None),
        ("-5", None),
        ("5-", None),
        ("1-2-3", None),
        ("9" * 40, None),
        ("\u0661\u0662", Span(12, 12)),
        ("<script>", None),
    ],
)
def test_lines_in_an_address_are_lines_of_the_file_or_nothing(text: str, span: Span | None) -> None:
    assert marked_span(text, 100) == span


def test_lines_are_written_as_the_address_has_them() -> None:
    assert [lines_value(one) for one in (None, Span(3, 3), Span(3, 5))] == ["", "3", "3-5"]


@pytest.fixture
def released(source_factory: SourceFactory, repository_factory: RepositoryFactory) -> Source:
    """Follow main and the branch release/1, which has no late.py and another cart.py."""
    repository = repository_factory(FILES, "released")
    repository.git("branch", "release/1")
    repository.commit({"late.py": "late = True\n", "shop/cart.py": "renewed = True\n"})
    return source_factory("released", repository=repository, refs=("main", "release/*"))


def test_a_file_opens_at_every_other_ref(client: Client, released: Source, reader: User) -> None:
    client.force_login(reader)
    old = released.refs.get(name="release/1").commit
    page = client.get(address(released, commit="main")).content.decode()
    assert f'href="/files/released/{old}/shop/cart.py">release/1</a>' in page
    late = client.get(address(released, "late.py", commit="main")).content.decode()
    assert "release/1: not in this branch" in late
    assert b"release/1" in client.get(address(released, commit=old)).content


@pytest.mark.parametrize("commit", ["release/1", ""])
def test_a_file_that_a_ref_does_not_have_is_told_where_it_is(
    commit: str, client: Client, released: Source, reader: User
) -> None:
    client.force_login(reader)
    refs = {ref.name: ref.commit for ref in released.refs.all()}
    place = address(released, "late.py", commit=commit or refs["release/1"])
    response = client.get(place)
    assert response.status_code == 404
    assert "Not in release/1" in response.content.decode()
    assert f'href="/files/released/{refs["main"]}/late.py">main</a>' in response.content.decode()


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_where_a_file_is_stays_as_closed_as_the_file(
    person: str, client: Client, released: Source, request: pytest.FixtureRequest
) -> None:
    set_grant("readers", released, "late.py", allow=False)
    client.force_login(request.getfixturevalue(person))
    refused = client.get(address(released, "late.py", commit="release/1"))
    missing = client.get(address(released, "nothing.py", commit="release/1"))
    assert refused.status_code == missing.status_code == 404
    assert refused.content == missing.content
    assert b"Not in release" not in refused.content


def test_a_zero_byte_in_an_address_is_not_found(
    client: Client, released: Source, reader: User
) -> None:
    client.force_login(reader)
    assert client.get("/files/released/a%00b/x.py").status_code == 404
    assert client.get("/files/released/main/x%00.py").status_code == 404
