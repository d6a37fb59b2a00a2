"""The leg of paths: documents whose path holds words of the question."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from indexer.retrieval.bm25 import best_of, idf
from indexer.retrieval.queries import PathCandidate, Visibility
from indexer.retrieval.view import view_of


def path_candidates(
    visibility: Visibility, terms: Collection[int], *, pool: int
) -> list[PathCandidate]:
    """Return the documents whose paths hold the rarest of these terms, best first.

    The score is the sum of the terms' rarity among the paths that may be seen.
    """
    view = view_of(visibility)
    scores = np.zeros(len(view.documents))
    for term in terms:
        held = view.documents_with(term)
        scores[np.searchsorted(view.documents, held)] += idf(len(view.documents), len(held))
    best = best_of(scores, pool)
    rows = zip(view.documents[best].tolist(), scores[best].tolist(), strict=True)
    return [PathCandidate(*row) for row in rows]
