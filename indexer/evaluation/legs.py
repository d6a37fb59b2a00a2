"""What each retriever brings: the same questions, with each of them left out in turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from indexer.evaluation.golden import GoldenQuestion
from indexer.evaluation.measures import Measures
from indexer.evaluation.run import answer_all, measure
from indexer.retrieval.variant import LEGS, Variant
from indexer.scope import Scope

WORDS = "lexical"


def variants() -> dict[str, Variant]:
    """Return the ways to search that are compared, by what they are called."""
    return {
        "all retrievers": Variant(),
        **{f"without {leg}": Variant(without=frozenset({leg})) for leg in LEGS},
        "all, fixed weights": Variant(ranking="plain"),
        "words alone": Variant.only(WORDS),
    }


def measured_by_leg(
    questions: Sequence[GoldenQuestion],
    *,
    scope: Scope,
    source_names: Collection[str] = (),
) -> Iterator[tuple[str, Measures]]:
    """Yield what each way to search came to over all questions."""
    for name, variant in variants().items():
        answers = answer_all(questions, scope=scope, source_names=source_names, variant=variant)
        yield name, measure(list(answers))
