"""Texts as bags of words: a sparse matrix with a row for each text and a column for each word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from inference.static import damped
from inference.training.pairs import Pair
from inference.words import WORD, parts_of


@dataclass(frozen=True, slots=True)
class Bags:
    """The texts that ask, those to be found, and from which source each pair is."""

    asking: csr_matrix  # N x V, weights as the model has them
    found: csr_matrix  # N x V
    sources: NDArray[np.int32]  # N

    def __len__(self) -> int:
        return len(self.sources)

    def at(self, rows: NDArray[np.int64]) -> Bags:
        return Bags(self.asking[rows], self.found[rows], self.sources[rows])


class Bagger:
    """Counts the known words of texts."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers
        self._known = lru_cache(maxsize=1 << 18)(self._look_up)

    def bags_of(self, pairs: Iterable[tuple[int, Pair]]) -> Bags:
        """Return the bags of pairs, each with the number of its source; empty ones are left out."""
        asking, found, sources = _Rows(), _Rows(), []
        for source, pair in pairs:
            asked, answer = self._counts(pair.query), self._counts(pair.document)
            if asked and answer:
                asking.add(asked)
                found.add(answer)
                sources.append(source)
        width = len(self._numbers)
        return Bags(asking.matrix(width), found.matrix(width), np.array(sources, dtype=np.int32))

    def _counts(self, text: str) -> Counter[int]:
        counts: Counter[int] = Counter()
        for word, times in Counter(WORD.findall(text)).items():
            for number in self._known(word):
                counts[number] += times
        return counts

    def _look_up(self, word: str) -> tuple[int, ...]:
        found = (self._numbers.get(part) for part in parts_of(word))
        return tuple(number for number in found if number is not None)


class _Rows:
    """A sparse matrix in the making."""

    def __init__(self) -> None:
        self._starts = [0]
        self._columns: list[NDArray[np.int32]] = []
        self._times: list[NDArray[np.float32]] = []

    def add(self, counts: Counter[int]) -> None:
        self._columns.append(np.fromiter(counts.keys(), np.int32, len(counts)))
        self._times.append(np.fromiter(counts.values(), np.float32, len(counts)))
        self._starts.append(self._starts[-1] + len(counts))

    def matrix(self, width: int) -> csr_matrix:
        rows = len(self._starts) - 1
        if not rows:
            return csr_matrix((0, width), dtype=np.float32)
        weights = damped(np.concatenate(self._times))
        return csr_matrix(
            (weights, np.concatenate(self._columns), np.array(self._starts)), shape=(rows, width)
        )
