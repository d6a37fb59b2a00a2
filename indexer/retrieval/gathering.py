"""Asks every retriever behind the reader's scope; what comes back is weighed elsewhere."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from indexer import clients
from indexer.lexical.queries import query_weights
from indexer.lexical.terms import term_id
from indexer.retrieval.exact import exact_candidates, pieces_in
from indexer.retrieval.history import history_candidates
from indexer.retrieval.lexical import lexical_candidates
from indexer.retrieval.names import symbol_candidates
from indexer.retrieval.nearest import vector_candidates
from indexer.retrieval.paths import path_candidates
from indexer.retrieval.queries import (
    Candidate,
    HistoryCandidate,
    PathCandidate,
    SymbolCandidate,
    Visibility,
    VisibleDocument,
    documents_of,
)
from indexer.succession import recipe_named
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
    exact: Sequence[Candidate] = ()

    @property
    def legs(self) -> tuple[str, ...]:
        """Return which retrievers took part; words and paths always do."""
        found = {
            "symbol": self.symbols,
            "exact": self.exact,
            "history": self.history,
            "vector": self.vector,
        }
        return ("lexical", "path", *(leg for leg, candidates in found.items() if candidates))


def gather(
    query: str,
    visibility: Visibility,
    *,
    before: datetime | None = None,
    without: Collection[str] = (),
    embedding: str = "",
) -> Pools:
    """Ask all retrievers; without an embedding model the words decide, and `legs` says so.

    `before` leaves out what the history says from that moment on; `without` names retrievers
    that are not asked (see variant.LEGS); `embedding` names another model than the one in use.
    """
    weights = {term_id(term): weight for term, weight in query_weights(query).items()}
    asked: dict[str, Callable[[], Sequence[Any]]] = {
        "lexical": lambda: lexical_candidates(visibility, weights, pool=POOL),
        "vector": lambda: _by_meaning(query, visibility, embedding),
        "path": lambda: path_candidates(visibility, weights.keys(), pool=POOL),
        "history": lambda: history_candidates(
            visibility, weights, before=before, commits=COMMITS, pool=POOL
        ),
        "symbol": lambda: symbol_candidates(visibility, names_in(query), pool=POOL),
        "exact": lambda: exact_candidates(visibility, pieces_in(query), pool=POOL),
    }
    found = {leg: [] if leg in without else ask() for leg, ask in asked.items()}
    lexical, vector, paths, history, symbols, exact = found.values()
    documents = documents_of(
        visibility,
        blob_ids={c.blob_id for c in (*lexical, *vector, *exact)} | {c.blob_id for c in symbols},
        document_ids={c.document_id for c in paths} | {c.document_id for c in history},
    )
    return Pools(query, weights, lexical, vector, paths, history, symbols, documents, exact)


def names_in(query: str) -> list[str]:
    """Return the words of a question that may be names of the code, as they are written."""
    return list(dict.fromkeys(NAME.findall(query)))[:NAMES]


def _by_meaning(query: str, visibility: Visibility, embedding: str) -> list[Candidate]:
    embedder = clients.embedder(recipe_named(embedding) if embedding else None)
    try:
        vector = embedder.embed_query(query)
    except InferenceError as exc:
        logger.warning("search without vectors: %s", exc)
        return []
    return vector_candidates(visibility, vector, embedder.model, pool=POOL)
