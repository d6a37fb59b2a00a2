"""The leg of words: BM25 over the chunks that may be seen, and over their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from indexer.retrieval.bm25 import K1, B, Scores, best_of, rarities, scores_of
from indexer.retrieval.catalog import packed
from indexer.retrieval.queries import Candidate, Visibility
from indexer.retrieval.texts import Found, Places, StoredRows
from indexer.retrieval.view import View, view_of

_FOLDER = Path(__file__).parent
POSTINGS = (_FOLDER / "postings.sql").read_text(encoding="utf-8")


def lexical_candidates(
    visibility: Visibility, weights: Mapping[int, float], *, pool: int
) -> list[Candidate]:
    """Return the best chunks by BM25 for terms with their weights, best first.

    With each chunk come two numbers of its whole file: which share of the question's rarity it
    holds anywhere, and BM25 with the file as one text.
    """
    view = view_of(visibility)
    if not weights or not len(view.chunks):
        return []
    parameters = {"terms": list(weights), "batches": view.chunks.batches.tolist()}
    found = view.chunks.found_in(stored_rows(POSTINGS, parameters))
    rarity = rarities(found, weights, len(view.chunks))
    scores = scores_of(view.chunks, found, rarity)
    best = best_of(scores, pool)
    files, of_chunk = np.unique(view.chunk_blobs[best], return_inverse=True)
    coverage, file_scores = _of_files(view, files, found, rarity)
    return [
        Candidate(*row)
        for row in zip(
            view.chunks.ids[best].tolist(),
            view.blobs[files[of_chunk]].tolist(),
            scores[best].tolist(),
            coverage[of_chunk].tolist(),
            file_scores[of_chunk].tolist(),
            strict=True,
        )
    ]


def stored_rows(statement: str, parameters: dict[str, Any]) -> dict[int, StoredRows]:
    """Return what is stored of each term, by term."""
    return {term: StoredRows(*rest) for term, *rest in packed(statement, parameters)}


def _of_files(
    view: View, files: Places, found: Mapping[int, Found], rarity: Mapping[int, float]
) -> tuple[Scores, Scores]:
    """Return coverage and BM25 of whole files, in their order."""
    place_of_blob = np.full(len(view.blobs) + 1, -1, dtype=np.int32)
    place_of_blob[files] = np.arange(len(files))
    file_of_chunk = place_of_blob[view.chunk_blobs]
    inside = np.flatnonzero(file_of_chunk >= 0)
    lengths = np.bincount(
        file_of_chunk[inside], weights=view.chunks.lengths[inside], minlength=len(files)
    )
    norms = K1 * (1 - B + B * lengths / max(lengths.mean(), 1.0)) if len(files) else lengths
    coverage, scores = np.zeros(len(files)), np.zeros(len(files))
    for term, (places, frequencies) in found.items():
        of_files = file_of_chunk[places]
        held = of_files >= 0
        times = np.bincount(of_files[held], weights=frequencies[held], minlength=len(files))
        coverage += rarity[term] * (times > 0)
        scores += rarity[term] * times * (K1 + 1) / (times + norms)
    return coverage / (sum(rarity.values()) or 1.0), scores
