"""Which words the model knows, and what it knows of them before it has learned anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.training.pairs import Pair
from inference.words import WORD, parts_of

Floats = NDArray[np.float32]
FEWEST_SOURCES = 2  # a word of one repository alone is a name
FEWEST_TIMES = 5
RARE = 1e-3  # share of texts below which a word has nearly its full weight


class Teacher(Protocol):
    def embed(self, texts: Sequence[str]) -> Floats: ...


class WordCounts:
    """How often words occur, and in how many sources."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()

    def add_source(self, pairs: Iterable[Pair]) -> None:
        words: Counter[str] = Counter()
        for pair in pairs:
            words.update(WORD.findall(pair.query))
            words.update(WORD.findall(pair.document))
        parts: Counter[str] = Counter()
        for word, times in words.items():
            for part in parts_of(word):
                parts[part] += times
        self._times.update(parts)
        self._sources.update(parts.keys())

    def vocabulary(self, most: int) -> tuple[str, ...]:
        """Return the words of most sources, then of most occurrences."""
        known = [
            word
            for word, sources in self._sources.items()
            if sources >= FEWEST_SOURCES and self._times[word] >= FEWEST_TIMES
        ]
        known.sort(key=lambda word: (-self._sources[word], -self._times[word], word))
        return tuple(known[:most])


def taught(words: Sequence[str], teacher: Teacher, dimensions: int, *, batch: int = 1024) -> Floats:
    """Return a unit vector a word: the teacher's of the word alone, in its main directions.

    After Model2Vec (Minish Lab, 2024): a transformer's vectors of single words, reduced by
    principal components, are already a model of texts.
    """
    alone = [teacher.embed(words[start : start + batch]) for start in range(0, len(words), batch)]
    vectors = np.concatenate(alone)
    vectors -= vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(vectors, full_matrices=False)
    reduced = vectors @ directions[:dimensions].T
    lengths = np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-9)
    return np.asarray(reduced / lengths, dtype=np.float32)


def rarity(shares: Floats) -> Floats:
    """Return the weight of words by the share of texts that hold them.

    The smooth inverse frequency of Arora et al. (ICLR 2017).
    """
    return np.asarray(RARE / (RARE + shares), dtype=np.float32)
