"""Turns chunks and queries into vectors, whatever computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Vectors = list[list[float]]


@dataclass(frozen=True, slots=True)
class Embedder:
    """One embedding model: its name is stored beside each vector, its prefixes are its own."""

    model: str
    compute: Callable[[list[str]], Vectors]  # raises inference.errors.InferenceError
    query_prefix: str = ""
    batch_size: int = 32

    def embed_query(self, query: str) -> list[float]:
        return self.compute([self.query_prefix + query])[0]

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        """Return one vector a text, in the same order."""
        vectors: Vectors = []
        for start in range(0, len(texts), self.batch_size):
            vectors.extend(self.compute(list(texts[start : start + self.batch_size])))
        return vectors


def chunk_text(path: str, context: str, body: str) -> str:
    """Return what is embedded of a chunk: where it stands, then the lines themselves.

    The path is the one under which the content was first seen: a rename embeds nothing.
    """
    return "\n".join(part for part in (path, context, body) if part)
