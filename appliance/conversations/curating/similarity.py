"""How much two questions ask the same: by their telling words, their meaning, the names in them.

Measured over golden/asked-again.jsonl: of 40 questions asked again in almost the same words it knows
40 again, of 24 that sound alike and ask something else it takes 3 for the same, of 3,120 pairs of
different questions none. Asked again in quite other words 5 of 40: no number tells those from the 24.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.conversations.telling import telling_words
from indexer.lexical.terms import terms
from indexer.retrieval.exact import pieces_in

ALIKE = 0.7  # from which on two questions ask the same


def alikeness(
    asked: str, known: str, vectors: tuple[Sequence[float], Sequence[float]] | None
) -> float:
    """Return between 0 and 1 how alike two questions are; 0 when they name different code."""
    if _names_differ(asked, known):
        return 0.0
    words = shared_words(asked, known)
    if vectors is None:
        return words
    return 0.5 * words + 0.5 * max(0.0, float(np.dot(vectors[0], vectors[1])))


def shared_words(one: str, other: str) -> float:
    """Return Dice's share of the terms of their telling words."""
    first, second = _terms(one), _terms(other)
    if not first or not second:
        return 0.0
    return 2 * len(first & second) / (len(first) + len(second))


def _terms(question: str) -> set[str]:
    return {term for word in telling_words(question) for term in terms(word)}


def _names_differ(one: str, other: str) -> bool:
    """Return whether both spell names in code, and none of them is the same."""
    first, second = set(pieces_in(one)), set(pieces_in(other))
    return bool(first and second) and not first & second
