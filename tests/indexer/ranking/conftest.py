"""A source whose history says what its files do not: messages name a file by words of their own."""

from __future__ import annotations

import random

import pytest

from indexer.models import Source
from indexer.ranking import choice
from tests.conftest import RepositoryFactory, SourceFactory
from tests.indexer.retrieval.conftest import corpus_factory

__all__ = ["corpus_factory"]

TOPICS = ("billing", "shipping", "refunds", "coupons", "taxes", "stock", "mail", "audit")
COMMITS = 120


@pytest.fixture
def telling(
    source_factory: SourceFactory,
    repository_factory: RepositoryFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Source:
    """Each topic's commits touch one file, in which the topic's name does not occur.

    What is learned has fixed weights to beat here: the shipped ranking knows history as well.
    """
    monkeypatch.setattr(choice, "shipped", lambda: None)
    files = {f"src/module_{n}.py": f"def run_{n}():\n    return {n}\n" for n in range(len(TOPICS))}
    repository = repository_factory(files, "telling")
    dice = random.Random(3)  # noqa: S311  in turns, the file untouched for longest would be next
    for number in range(COMMITS):
        place = dice.randrange(len(TOPICS))
        text = f"def run_{place}():\n    return {number + 1000}\n"
        message = f"Handle the {TOPICS[place]} case with care"
        repository.commit({f"src/module_{place}.py": text}, message)
    return source_factory("telling", repository=repository)
