"""A source whose files answer one question each, and golden questions about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from indexer.models import GoldenEntry, GoldenSet, Source
from tests.indexer.ranking.conftest import telling
from tests.indexer.retrieval.conftest import CorpusFactory, corpus_factory

__all__ = ["corpus_factory", "telling"]

TOPICS = ("billing", "shipping", "refunds", "coupons", "taxes", "stock", "mail", "audit")

AskFactory = Callable[..., GoldenEntry]


@pytest.fixture
def shop(corpus_factory: CorpusFactory) -> Source:
    """Eight files, each with a word of its own."""
    return corpus_factory(
        "shop",
        {
            f"src/{topic}.py": f"def run_{n}():\n    return '{topic}'\n"
            for n, topic in enumerate(TOPICS)
        },
    )


@pytest.fixture
def golden_factory(shop: Source) -> AskFactory:
    """Add a golden question: `golden_factory("billing", "src/billing.py")`."""

    def make(query: str, path: str, *, lines: tuple[int, int] | None = None) -> GoldenEntry:
        golden_set, _ = GoldenSet.objects.get_or_create(name="asked", kind="imported")
        gold: dict[str, object] = {"path": path}
        if lines:
            gold |= {"start": lines[0], "end": lines[1]}
        return golden_set.entries.create(
            key=f"{query}:{path}:{lines}", query=query, source=shop, gold=[gold]
        )

    return make


@pytest.fixture
def asked(golden_factory: AskFactory) -> list[GoldenEntry]:
    """One question for each file, all of them answered by the search."""
    return [golden_factory(topic, f"src/{topic}.py", lines=(1, 2)) for topic in TOPICS]
