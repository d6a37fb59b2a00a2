"""Asks every retriever behind the reader's scope; what comes back is weighed elsewhere."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from indexer import clients
from indexer.lexical.queries import query_weights
from indexer.lexical.terms import term_id
from indexer.retrieval.queries import (
    Candidate,
    HistoryCandidate,
    PathCandidate,
    SymbolCandidate,
    Visibility,
    VisibleDocument,
    documents_of,
    history_candidates,
    lexical_candidates,
    path_candidates,
    symbol_candidates,
    vector_candidates,
)
from inference.errors import InferenceError

logger = logging.getLogger(__name__)

POOL = 300  # candidates a retriever gives
COMMITS = 100  # past commits that vote
NAMES = 40  # of the question that are looked up as symbols
NAME = re.compile(r"[A-Za-z_]\w{2,}")


@dataclass(frozen=True, slots=True)
class Pools:
    """What each retriever found for one question, best first, and the documents behind it."""

    query: str
    weights: Mapping[int, float]  # of the question's terms
    lexical: Sequence[Candidate]
    vector: Sequence[Candidate]
    paths: Sequence[PathCandidate]
    history: Sequence[HistoryCandidate]
    symbols: Sequence[SymbolCandidate]
    documents: Sequence[VisibleDocument]

    @property
    def legs(self) -> tuple[str, ...]:
        """Return which retrievers took part; words and paths always do."""
        found = {"symbol": self.symbols, "history": self.history, "vector": self.vector}
        return ("lexical", "path", *(leg for leg, candidates in found.items() if candidates))


def gather(query: str, visibility: Visibility, *, before: datetime | None = None) -> Pools:
    """Ask all retrievers; without an embedding model the words decide, and `legs` says so.

    `before` leaves out what the history says from that moment on.
    """
    weights = {term_id(term): weight for term, weight in query_weights(query).items()}
    lexical = lexical_candidates(visibility, weights, pool=POOL)
    vector = _by_meaning(query, visibility)
    paths = path_candidates(visibility, weights.keys(), pool=POOL)
    history = history_candidates(visibility, weights, before=before, commits=COMMITS, pool=POOL)
    symbols = symbol_candidates(visibility, names_in(query), pool=POOL)
    documents = documents_of(
        visibility,
        blob_ids={c.blob_id for c in (*lexical, *vector)} | {c.blob_id for c in symbols},
        document_ids={c.document_id for c in paths} | {c.document_id for c in history},
    )
    return Pools(query, weights, lexical, vector, paths, history, symbols, documents)


def names_in(query: str) -> list[str]:
    """Return the words of a question that may be names of the code, as they are written."""
    return list(dict.fromkeys(NAME.findall(query)))[:NAMES]


def _by_meaning(query: str, visibility: Visibility) -> list[Candidate]:
    embedder = clients.embedder()
    try:
        vector = embedder.embed_query(query)
    except InferenceError as exc:
        logger.warning("search without vectors: %s", exc)
        return []
    return vector_candidates(visibility, vector, embedder.model, pool=POOL)
