"""What the page of a source says about the patterns that it follows."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.following import pattern_notes
from indexer.models import Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    repository = repository_factory(name="shop")
    for name in ("v1", "v2", "v3"):
        repository.commit({"VERSION": name})
        repository.git("tag", name)
    return repository


def test_patterns_that_all_stand_for_something_need_no_word(
    source_factory: SourceFactory, repository: Repository
) -> None:
    source = source_factory("shop", repository=repository, refs=("main", "v*"))
    assert set(source.refs.values_list("name", flat=True)) == {"main", "v1", "v2", "v3"}
    assert list(pattern_notes(source)) == []


def test_the_page_says_what_matches_nothing_and_what_is_beyond_the_limit(
    client: Client,
    staff: User,
    source_factory: SourceFactory,
    repository: Repository,
    settings: Settings,
) -> None:
    settings.MAX_REFS = 2
    source = source_factory("shop", repository=repository, refs=("v*", "hotfix/*"))
    assert set(source.refs.values_list("name", flat=True)) == {"v2", "v3"}
    assert source.refs.get(is_default=True).name == "v3"
    client.force_login(staff)
    page = client.get("/sources/shop/").content.decode()
    assert "No branch or tag matches hotfix/*." in page
    assert "3 branches and tags match the patterns, 2 are followed" in page


def test_before_the_first_sync_nothing_is_said(db: None) -> None:
    source = Source.objects.create(name="new", kind="path", ref_names=["v*"])
    assert list(pattern_notes(source)) == []
