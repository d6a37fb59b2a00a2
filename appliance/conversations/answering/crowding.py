"""Keeps what anybody may write from crowding everything else out of an answer.

Whoever may write somewhere can write what a question will ask, as often as they like. Of a source
that its admin marks as open to everybody an answer takes little beside what is found elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

from indexer.models import Source
from indexer.retrieval.fusion import RankedDocument
from indexer.retrieval.hits import Hit
from indexer.scope import Scope

MOST_OF_AN_OPEN_SOURCE = 2  # passages of an answer

Found = TypeVar("Found")


def open_sources(scope: Scope) -> frozenset[int]:
    """Return the sources of the scope where anybody may write."""
    marked = Source.objects.filter(is_open=True, pk__in=scope.source_ids)
    return frozenset(marked.values_list("pk", flat=True))


def thinned(ranked: Sequence[RankedDocument], open_ids: Collection[int]) -> list[RankedDocument]:
    """Return what was found, best first, with few documents of each open source."""
    return list(_few_of_each(ranked, open_ids, lambda one: one.document.source_id))


def thinned_hits(hits: Sequence[Hit], open_ids: Collection[int]) -> tuple[Hit, ...]:
    """Return the hits, best first, with few of each open source."""
    return tuple(_few_of_each(hits, open_ids, lambda hit: hit.source_id))


def _few_of_each(
    found: Sequence[Found], open_ids: Collection[int], source_of: Callable[[Found], int]
) -> Iterator[Found]:
    """Yield all of it where one source alone has anything: then nobody is crowded out."""
    crowded = open_ids if len({source_of(one) for one in found}) > 1 else ()
    taken: Counter[int] = Counter()
    for one in found:
        source_id = source_of(one)
        taken[source_id] += 1
        if source_id not in crowded or taken[source_id] <= MOST_OF_AN_OPEN_SOURCE:
            yield one
