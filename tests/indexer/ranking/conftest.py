"""A source whose history says what its files do not: messages name a file by words of their own."""

from __future__ import annotations

import pytest

from indexer.models import Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.indexer.retrieval.conftest import corpus_factory

__all__ = ["corpus_factory"]

TOPICS = ("billing", "shipping", "refunds", "coupons", "taxes", "stock", "mail", "audit")
COMMITS = 120


@pytest.fixture
def telling(source_factory: SourceFactory, repository_factory: RepositoryFactory) -> Source:
    """Each topic's commits touch one file, in which the topic's name does not occur."""
    files = {f"src/module_{n}.py": f"def run_{n}():\n    return {n}\n" for n in range(len(TOPICS))}
    repository = repository_factory(files, "telling")
    for number in range(COMMITS):
        place = number * 5 % len(TOPICS)
        text = f"def run_{place}():\n    return {number + 1000}\n"
        message = f"Handle the {TOPICS[place]} case with care"
        repository.commit({f"src/module_{place}.py": text}, message)
    return source_factory("telling", repository=repository)
