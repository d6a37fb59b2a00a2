"""How one search may differ from what people get: to measure what each part brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from indexer.errors import IndexerError
from indexer.ranking.features import Activity
from indexer.retrieval.queries import VisibleDocument

LEGS = ("lexical", "vector", "path", "history", "symbol", "exact")


class VariantUnknown(IndexerError):
    """There is no such way to search."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What is other than in use; by default nothing is."""

    without: frozenset[str] = frozenset()  # retrievers that are not asked
    ranking: str = ""  # plain, shipped, or the number of a learned one
    embedding: str = ""  # the name of another embedding model, whose vectors are there
    is_reranked: bool | None = None  # None: as configured

    def __post_init__(self) -> None:
        """Raise VariantUnknown when a retriever has another name."""
        if unknown := self.without - set(LEGS):
            names = ", ".join(LEGS)
            raise VariantUnknown(f"There is no retriever {min(unknown)!r}; there are: {names}.")

    @classmethod
    def only(cls, *legs: str, ranking: str = "plain") -> Variant:
        """Leave all other retrievers out; the learned order rests on them, so it is plain."""
        if unknown := set(legs) - set(LEGS):
            return cls(without=frozenset(unknown))
        return cls(without=frozenset(LEGS) - set(legs), ranking=ranking, is_reranked=False)


AS_USED = Variant()


@dataclass(frozen=True, slots=True)
class Then:
    """A moment of the past to ask from: later commits do not vote and later changes do not count."""

    before: datetime
    activity_of: Callable[[VisibleDocument], Activity]
