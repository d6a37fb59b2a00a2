"""Scores query and text together, whatever computes it; rests after a failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from inference.errors import InferenceError, ModelUnavailable

REST_S = 30.0  # a server that does not answer is not waited for by each search


class Reranker:
    """One cross-encoder."""

    def __init__(self, model: str, compute: Callable[[str, Sequence[str]], list[float]]) -> None:
        self.model = model
        self._compute = compute  # raises inference.errors.InferenceError
        self._rests_until = 0.0

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return one score per text; ModelUnavailable at once while it rests after a failure."""
        if time.monotonic() < self._rests_until:
            raise ModelUnavailable("the reranker failed a moment ago and is left alone for a while")
        try:
            return self._compute(query, texts)
        except InferenceError:
            self._rests_until = time.monotonic() + REST_S
            raise
