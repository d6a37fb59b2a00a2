"""Turns chunks and queries into vectors, whatever computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.errors import RequestRejected

Vectors = list[list[float]]
Compute = Callable[[list[str]], Vectors | NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Embedder:
    """One embedding model: its name is stored with its vectors, its prefixes are its own."""

    model: str  # the recipe's name
    compute: Compute  # raises inference.errors.InferenceError
    query_prefix: str = ""
    passage_prefix: str = ""
    dimensions: int = 0  # vectors are cut to so many (Matryoshka models); 0: they are not
    batch_size: int = 32
    concurrency: int = 1  # requests at a time, for a server
    near: float = 0.33  # cosine from which a text is near a question; MiniLM's for want of its own

    def embed_query(self, query: str) -> list[float]:
        """Return a vector of unit length."""
        return self._finished(self.compute([self.query_prefix + query]))[0]

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of unit length a text, in the same order."""
        prefixed = [self.passage_prefix + text for text in texts]
        batches = [
            prefixed[start : start + self.batch_size]
            for start in range(0, len(prefixed), self.batch_size)
        ]
        if self.concurrency == 1 or len(batches) < 2:
            return [one for batch in batches for one in self._finished(self.compute(batch))]
        with ThreadPoolExecutor(self.concurrency) as threads:
            computed = threads.map(self.compute, batches)
            return [one for vectors in computed for one in self._finished(vectors)]

    def _finished(self, vectors: Vectors | NDArray[np.float32]) -> Vectors:
        """Cut to the wanted dimensions, then bring to unit length: nearness is an inner product."""
        table = np.asarray(vectors, dtype=np.float32)
        if table.shape[1] < self.dimensions:
            raise RequestRejected(
                f"{self.model}: {table.shape[1]} dimensions, asked for {self.dimensions}"
            )
        if self.dimensions:
            table = table[:, : self.dimensions]
        lengths = np.linalg.norm(table, axis=1, keepdims=True)
        unit: Vectors = (table / np.maximum(lengths, 1e-12)).tolist()
        return unit


def chunk_text(path: str, context: str, body: str) -> str:
    """Return what is embedded of a chunk: where it stands, then the lines themselves.

    The path is the one under which the content was first seen: a rename embeds nothing.
    """
    return "\n".join(part for part in (path, context, body) if part)
