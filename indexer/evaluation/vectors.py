"""Recall of the vector leg against an exact scan, for readers of different shares of the corpus.

An index over vectors finds less for who may read little: most of what is near is not theirs.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from django.db.models import Count

from indexer import clients
from indexer.models import Document, Ref
from indexer.retrieval.gathering import POOL
from indexer.retrieval.nearest import exact_vector_candidates, vector_candidates
from indexer.retrieval.queries import Visibility
from indexer.scope import PathRule, Scope

SHARES = (1.0, 0.1, 0.01, 0.001)
K = 10
MOST_RULES = 20  # of one sampled reader: as many as people write
DEEPEST = 4  # folders
SLACK = 1.1
TIE = 1e-6  # two texts that are the same are equally near
WILDCARDS = frozenset("*?")

Folder = tuple[int, str]  # source id, path; "" is the whole source


@dataclass(frozen=True, slots=True)
class ClassRecall:
    """Mean recall@10 for readers of about this share of all chunks."""

    share: float
    chunks: int  # that the sampled reader may read
    questions: int
    recall: float

    def to_json(self) -> dict[str, float]:
        return asdict(self) | {"recall": round(self.recall, 4)}


def recall_by_class(
    queries: Sequence[str], scope: Scope, *, time_limit_s: float, seed: int = 7
) -> list[ClassRecall]:
    """Return the recall of each class that the corpus is large enough for.

    Raises inference.errors.InferenceError without an embedding model. What does not fit into the
    time is left out, the smallest readers last: they are the quickest.
    """
    deadline = time.monotonic() + time_limit_s
    embedder = clients.embedder()
    vectors = [embedder.embed_query(query) for query in queries]
    sizes = _sizes(scope)
    dice = random.Random(seed)  # noqa: S311  the same readers each night
    found = []
    for share in SHARES:
        reader = scope if share == 1 else sampled_scope(sizes, share, dice)
        chunks = sum(size for (source, path), size in sizes.items() if not path)
        if share < 1:
            chunks = _chunks_of(reader, sizes)
        recalls = []
        for vector in vectors:
            if time.monotonic() > deadline:
                break
            recalls.append(recall_of(Visibility(reader), vector, embedder.model))
        known = [recall for recall in recalls if recall is not None]
        if known and chunks >= K:
            found.append(ClassRecall(share, chunks, len(known), sum(known) / len(known)))
    return found


def recall_of(visibility: Visibility, vector: Sequence[float], model: str) -> float | None:
    """Return the share of the nearest ten that the vector leg finds; None: there is nothing."""
    exact = exact_vector_candidates(visibility, vector, model, pool=K)
    if not exact:
        return None
    found = vector_candidates(visibility, vector, model, pool=POOL)[: len(exact)]
    return sum(one.score >= exact[-1].score - TIE for one in found) / len(exact)


def sampled_scope(sizes: Mapping[Folder, int], share: float, dice: random.Random) -> Scope:
    """Return a reader of about this share of the chunks, by rules for folders as people write them."""
    total = sum(size for (_, path), size in sizes.items() if not path)
    missing = share * total
    chosen: list[Folder] = []
    while missing >= 1 and len(chosen) < MOST_RULES:
        fitting = [
            folder
            for folder, size in sizes.items()
            if size <= max(missing * SLACK, 1) and not any(_touch(folder, one) for one in chosen)
        ]
        large = [folder for folder in fitting if sizes[folder] >= missing / 8]
        if not fitting:
            break
        folder = dice.choice(sorted(large or [max(fitting, key=lambda one: (sizes[one], one))]))
        chosen.append(folder)
        missing -= sizes[folder]
    return Scope.from_rules(PathRule(source_id, path, True) for source_id, path in chosen)


def _sizes(scope: Scope) -> dict[Folder, int]:
    """Return how many chunks each source, folder and file of the default refs holds."""
    refs = Ref.objects.filter(source_id__in=scope.source_ids, is_default=True)
    rows = (
        Document.objects.filter(refs__overlap=list(refs.values_list("pk", flat=True)))
        .values_list("source_id", "path")
        .annotate(chunks=Count("blob__chunks"))
    )
    sizes: dict[Folder, int] = defaultdict(int)
    for source_id, path, chunks in rows.iterator():
        parts = path.split("/")
        sizes[source_id, ""] += chunks
        if not WILDCARDS & set(path):
            for depth in range(1, min(len(parts), DEEPEST) + 1):
                sizes[source_id, "/".join(parts[:depth])] += chunks
    return {folder: size for folder, size in sizes.items() if size}


def _touch(one: Folder, other: Folder) -> bool:
    """Return whether one of the folders holds the other."""
    if one[0] != other[0]:
        return False
    shorter, longer = sorted((one[1], other[1]), key=len)
    return not shorter or longer == shorter or longer.startswith(f"{shorter}/")


def _chunks_of(reader: Scope, sizes: Mapping[Folder, int]) -> int:
    whole = sum(sizes[source_id, ""] for source_id in reader.whole_source_ids)
    return whole + sum(sizes[rule.source_id, rule.pattern] for rule in reader.rules)
