"""What search returns: places of documents and the lines themselves."""

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
    legs: tuple[
        str, ...
    ]  # which retrievers found it: lexical, vector, exact, path, history, symbol
    text: str  # the lines of the span, verbatim
    matched: tuple[str, ...] = ()  # words of the query that may be marked in the lines
    core: Span | None = None  # the chunk that was found, inside the span; None: all of it
    note: str = ""  # of a curator, who put these lines first

    @property
    def core_text(self) -> str:
        """Return the lines that were found, without those that were shown around them."""
        if self.core is None:
            return self.text
        first = self.core.start_line - self.span.start_line
        count = self.core.end_line - self.core.start_line + 1
        return "\n".join(self.text.split("\n")[first : first + count])

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
    near: float = 1.0  # cosine from which a chunk is near the question, by the embedding model
