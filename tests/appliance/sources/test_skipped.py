"""What a source's page says of files that are not in the index, and of attempts that failed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.sources.forms import SkippedFilterForm
from appliance.sources.skipped import skipped_page
from indexer.ingestion.inline import sync_now
from indexer.ingestion.jobs import RETRYING
from indexer.models import Document, Job, Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

FILES: dict[str, str | bytes | None] = {
    "cart.py": "def add(cart):\n    return cart\n",
    "empty.txt": "",
    "web/node_modules/left-pad/index.js": "module.exports = pad\n",
    ".plumblineignore": "[broken\nnotes/\n",
}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    repository = repository_factory(FILES, "shop")
    repository.git("tag", "v1")
    repository.commit({"old.bin": b"\0\1" * 50})
    repository.git("tag", "v2")
    return repository


@pytest.fixture
def source(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository, refs=("main", "v*"))


def test_a_file_is_listed_once_with_the_refs_that_hold_it(source: Source) -> None:
    page = skipped_page(source, SkippedFilterForm({}), None)
    assert [(one.path, one.refs) for one in page.object_list] == [
        ("empty.txt", ("main", "v1", "v2")),
        ("old.bin", ("main", "v2")),
        ("web/node_modules/left-pad/index.js", ("main", "v1", "v2")),
    ]


def test_the_page_names_refs_only_where_they_differ(
    client: Client, source: Source, staff: User
) -> None:
    client.force_login(staff)
    page = client.get("/sources/shop/").content.decode()
    assert page.count("in main, v2") == 1
    assert "in main, v1, v2" not in page


def test_vendored_code_says_how_it_is_taken_in_and_then_it_is(
    client: Client, source: Source, staff: User
) -> None:
    client.force_login(staff)
    path = "web/node_modules/left-pad/index.js"
    page = client.get("/sources/shop/why/", {"path": path}).content.decode()
    assert "copied into the repository" in page
    assert page.count("!web/node_modules/ under") == 1  # and not again for each branch
    source.exclude_patterns = ["!web/node_modules/"]
    source.save()
    sync_now(source)
    document = Document.objects.get(source=source, path=path)
    assert document.role == "vendored"
    assert len(document.refs) == 3


def test_lines_of_the_ignore_file_that_are_no_patterns_are_told(
    client: Client, source: Source, repository: Repository, staff: User
) -> None:
    client.force_login(staff)
    assert ".plumblineignore: 1 line is not used" in client.get("/sources/shop/").content.decode()
    repository.commit({".plumblineignore": "notes/\n"})
    sync_now(source)
    source.refresh_from_db()
    assert source.notes == []


def test_why_an_attempt_failed_is_told_before_the_next(
    client: Client, source: Source, staff: User
) -> None:
    later = timezone.now() + timedelta(minutes=2)
    Job.objects.create(
        source=source,
        state=Job.State.RUNNING,
        error_code=RETRYING,
        error="The name git.example.com could not be resolved.",
        lease_until=later,
    )
    client.force_login(staff)
    for address in ("/sources/", "/sources/shop/"):
        page = client.get(address).content.decode()
        assert "Will be tried again" in page
        assert "The name git.example.com could not be resolved." in page
    assert "it is made again by itself" in client.get("/sources/shop/").content.decode()
