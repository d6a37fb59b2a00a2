"""What search returns: chunks with the place they stand at and the lines themselves."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.spans import Span


@dataclass(frozen=True, slots=True)
class Hit:
    source_id: int
    source: str
    path: str
    commit: str
    blob_id: int
    span: Span
    symbol: str
    kind: str
    language: str
    score: float  # between 0 and 1, comparable within one search only
    legs: tuple[str, ...]  # which retrievers found it: lexical, vector, path, history, symbol
    text: str  # the lines of the span, verbatim
    matched: tuple[str, ...] = ()  # words of the query that may be marked in the lines

    def to_json(self) -> dict[str, object]:
        """Return the hit in the form that scripts rely on."""
        return {
            "source": self.source,
            "path": self.path,
            "commit": self.commit,
            "start_line": self.span.start_line,
            "end_line": self.span.end_line,
            "symbol": self.symbol,
            "score": round(self.score, 6),
            "legs": list(self.legs),
        }


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, and which retrievers took part (vectors may be missing)."""

    hits: tuple[Hit, ...]
    legs: tuple[str, ...]
    best_similarity: float = 0.0  # cosine of the nearest chunk; 0 without vectors
