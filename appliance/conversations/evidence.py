"""Evidence as values: lines that a prompt shows under a handle, and the check that they hold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from indexer.models import Blob
from indexer.retrieval.hits import Hit
from indexer.spans import Span


@dataclass(frozen=True, slots=True)
class EvidenceLines:
    """Lines of a document at a commit, under the handle that the model may name."""

    handle: str  # E1, E2 ...
    source_id: int
    source: str
    commit: str
    path: str
    blob_id: int
    span: Span
    symbol: str
    text: str
    score: float = 0.0
    legs: tuple[str, ...] = ()

    @classmethod
    def from_hit(cls, handle: str, hit: Hit) -> EvidenceLines:
        return cls(
            handle=handle,
            source_id=hit.source_id,
            source=hit.source,
            commit=hit.commit,
            path=hit.path,
            blob_id=hit.blob_id,
            span=hit.span,
            symbol=hit.symbol,
            text=hit.text,
            score=hit.score,
            legs=hit.legs,
        )

    @property
    def line_hash(self) -> str:
        return hash_lines(self.text.split("\n"))

    @property
    def place(self) -> str:
        return f"{self.source}@{self.commit}:{self.path}#{self.span}"

    def narrowed_to(self, span: Span) -> EvidenceLines:
        """Return a part of these lines under the same handle; the span must lie inside."""
        if not self.span.contains(span):
            raise ValueError(f"{span} is not inside {self.span}")
        offset = span.start_line - self.span.start_line
        count = span.end_line - span.start_line + 1
        lines = self.text.split("\n")[offset : offset + count]
        return replace(self, span=span, text="\n".join(lines))


def hash_lines(lines: list[str]) -> str:
    """Return the SHA-256 of lines joined by line feeds, in hexadecimal."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def holds(evidence: EvidenceLines) -> bool:
    """Return whether the blob still exists and says exactly this on exactly these lines."""
    text = Blob.objects.filter(pk=evidence.blob_id).values_list("text", flat=True).first()
    if text is None:
        return False
    lines = evidence.span.lines_of(text)
    whole = evidence.span.end_line - evidence.span.start_line + 1
    return len(lines) == whole and hash_lines(lines) == evidence.line_hash
