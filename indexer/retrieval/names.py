"""The leg of names: blobs that define something that the question names."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from indexer.retrieval.bm25 import best_of
from indexer.retrieval.catalog import numbers_of, packed
from indexer.retrieval.queries import SymbolCandidate, Visibility
from indexer.retrieval.view import view_of

NAMES = (Path(__file__).parent / "names.sql").read_text(encoding="utf-8")


def symbol_candidates(
    visibility: Visibility, names: Collection[str], *, pool: int
) -> list[SymbolCandidate]:
    """Return the blobs that define names of the question, best first.

    The rarer a name among the blobs that may be seen, the more it counts.
    """
    if not names:
        return []
    view = view_of(visibility)
    scores = np.zeros(len(view.blobs))
    for (blob_ids,) in packed(NAMES, {"names": list(names)}):
        places = view.places_of_blobs(np.unique(numbers_of(blob_ids)))
        scores[places] += 1.0 / max(len(places), 1)
    best = best_of(scores, pool)
    rows = zip(view.blobs[best].tolist(), scores[best].tolist(), strict=True)
    return [SymbolCandidate(*row) for row in rows]
