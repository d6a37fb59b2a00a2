"""A shop whose repository changes after it was cited."""

from __future__ import annotations

import pytest

from indexer.models import Source
from tests.appliance.conversations.conftest import FILES
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES, "shop")


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)
