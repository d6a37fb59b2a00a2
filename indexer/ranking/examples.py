"""Questions with known answers, from history: a commit message asks, the changed files answer.

What is left out follows SWE-bench-like practice: bots, merges, mass changes, messages that tell
nothing. Every number about the past (votes, activity) is taken from before the commit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from indexer.models import Commit, Document, Source
from indexer.ranking.features import Activity, Matrix, features_of
from indexer.reading.roles import DocumentRole
from indexer.retrieval.fusion import RankedDocument, fuse
from indexer.retrieval.gathering import Pools, gather
from indexer.retrieval.queries import Visibility, VisibleDocument
from indexer.scope import Scope
from inference.training.messages import is_by_a_bot, is_trivial, said, subject

MOST_PATHS = 20
MOST_GOLD = 4
MAX_QUERY = 2000
KEPT = 60  # documents of each question that are learned from, beside the gold


@dataclass(frozen=True, slots=True)
class Example:
    query: str
    source_id: int
    committed_at: datetime
    gold: frozenset[str]  # paths
    oid: str = ""  # of the commit


@dataclass(frozen=True, slots=True)
class Observed:
    """An example with what the retrievers found for it."""

    example: Example
    rows: Matrix
    labels: NDArray[np.float32]
    fused: NDArray[np.float32]  # the fixed weights' scores


def examples_of(source: Source, *, newest: int, before: datetime | None = None) -> list[Example]:
    """Return the newest usable commits of a source (from before a moment), oldest first."""
    live = dict(
        Document.objects.filter(source=source, role=DocumentRole.SOURCE).values_list("path", "role")
    )
    commits = Commit.objects.filter(source=source, paths__len__range=(1, MOST_PATHS))
    if before is not None:
        commits = commits.filter(committed_at__lt=before)
    found: list[Example] = []
    for commit in commits.order_by("-committed_at", "pk").iterator(chunk_size=500):
        gold = frozenset(path for path in commit.paths if path in live)
        if 1 <= len(gold) <= MOST_GOLD and _is_usable(commit):
            # Half as people write commits, half as they type into a search box.
            text = subject(commit.message) if len(found) % 2 else said(commit.message)
            found.append(
                Example(text[:MAX_QUERY], source.pk, commit.committed_at, gold, commit.oid)
            )
            if len(found) == newest:
                break
    return found[::-1]


def _is_usable(commit: Commit) -> bool:
    return not is_by_a_bot(commit.author) and not is_trivial(commit.message)


class Past:
    """How often and when each file had been changed before a moment."""

    def __init__(self, source_ids: Sequence[int]) -> None:
        self._times: dict[tuple[int, str], list[datetime]] = defaultdict(list)
        rows = Commit.objects.filter(source_id__in=source_ids).order_by("committed_at")
        for source_id, at, paths in rows.values_list("source_id", "committed_at", "paths"):
            for path in paths:
                self._times[source_id, path].append(at)

    def activity(self, document: VisibleDocument, before: datetime) -> Activity:
        times = self._times.get((document.source_id, document.path), [])
        touches = bisect_left(times, before)
        seconds = (before - times[touches - 1]).total_seconds() if touches else None
        return Activity(touches, seconds)


def observe(example: Example, scope: Scope, past: Past) -> list[Observed]:
    """Ask an example of all retrievers; empty when nobody found what it is about.

    The second observation is without vectors: the embedding server may be away, and a ranking
    that has learned to need it would then be worse than none.
    """
    pools = gather(example.query, Visibility(scope), before=example.committed_at)
    variants = [pools, replace(pools, vector=())] if pools.vector else [pools]
    return [one for variant in variants if (one := _observed(example, variant, past))]


def _observed(example: Example, pools: Pools, past: Past) -> Observed | None:
    fused = fuse(pools)
    gold = [_is_gold(example, one) for one in fused]
    if not any(gold):
        return None
    places = _kept(fused, gold)
    kept = [fused[place] for place in places]
    return Observed(
        example,
        features_of(pools, kept, partial(past.activity, before=example.committed_at)),
        np.array([gold[place] for place in places], dtype=np.float32),
        np.array([one.score for one in kept], dtype=np.float32),
    )


def _is_gold(example: Example, one: RankedDocument) -> bool:
    return one.document.source_id == example.source_id and one.document.path in example.gold


def _kept(fused: Sequence[RankedDocument], gold: Sequence[bool]) -> list[int]:
    """Return the places that are learned from: the best of the list, a sample of it, the gold."""
    rest = range(KEPT, len(fused), max(1, (len(fused) - KEPT) // KEPT))
    further = {place for place, is_gold in enumerate(gold) if is_gold}
    return sorted({*range(min(KEPT, len(fused))), *rest, *further})
