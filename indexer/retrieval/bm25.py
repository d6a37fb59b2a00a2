"""Okapi BM25 (Robertson and Zaragoza 2009) over a set of texts, exactly.

The statistics (how many texts, how long, how many hold a term) are those of the set alone: when the
set is what a reader may see, a score says nothing about the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log

import numpy as np
from numpy.typing import NDArray

from indexer.lexical.entries import Numbers
from indexer.retrieval.texts import Found, TextSet

# Robertson and Zaragoza's usual values; retrieval quality hardly moves with them (measured).
K1 = 1.2
B = 0.75

Scores = NDArray[np.float64]


def rarities(
    found: Mapping[int, Found], weights: Mapping[int, float], texts: int
) -> dict[int, float]:
    """Return each found term's weight: what the question gives it, times its idf."""
    return {term: weights[term] * idf(texts, len(one.places)) for term, one in found.items()}


def idf(texts: int, holding: int) -> float:
    return log(1 + (texts - holding + 0.5) / (holding + 0.5))


def scores_of(texts: TextSet, found: Mapping[int, Found], rarity: Mapping[int, float]) -> Scores:
    """Return the score of each text, 0 where no term occurs; shape (texts,)."""
    scores = np.zeros(len(texts))
    fixed, by_length = K1 * (1 - B), K1 * B / texts.average_length
    for term, (places, frequencies) in found.items():
        norms = texts.lengths[places]
        norms *= by_length
        norms += fixed
        norms += frequencies
        gained = frequencies / norms
        gained *= rarity[term] * (K1 + 1)
        scores[places] += gained
    return scores


def best_of(scores: Scores, pool: int) -> Numbers:
    """Return the places of the highest scores above 0, best first; of equals the first ones."""
    candidates = np.flatnonzero(scores)
    values = scores[candidates]
    if len(candidates) > pool:
        least = np.partition(values, len(values) - pool)[len(values) - pool]
        kept = values >= least
        candidates, values = candidates[kept], values[kept]
    return candidates[np.lexsort((candidates, -values))[:pool]]
