"""Evidence as values: lines that a prompt shows under a handle, and the documents they stand in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from appliance.conversations.checking.lines import LineFinder
from indexer.models import Blob, Definition
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
    moved_from: Span | None = None  # of a citation whose lines stand elsewhere than it said
    note: str = ""  # of a curator, who put these lines first

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
            note=hit.note,
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


def as_evidence(hits: Sequence[Hit]) -> tuple[EvidenceLines, ...]:
    """Return hits under handles, in their order."""
    return tuple(
        EvidenceLines.from_hit(f"E{number}", hit) for number, hit in enumerate(hits, start=1)
    )


def hash_lines(lines: list[str]) -> str:
    """Return the SHA-256 of lines joined by line feeds, in hexadecimal."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


LARGEST = 500_000  # letters of a document that is looked through; of a larger one the lines alone


@dataclass(frozen=True, slots=True)
class CitedDocument:
    """The whole text that evidence was taken from, and the definitions in it."""

    text: str
    definitions: tuple[Span, ...] = ()
    finder: LineFinder | None = None  # None: too large to be looked through

    @classmethod
    def of(cls, text: str, definitions: Collection[Span] = ()) -> CitedDocument:
        finder = LineFinder(text) if len(text) <= LARGEST else None
        return cls(text, tuple(definitions), finder)


DocumentOf = Callable[[EvidenceLines], CitedDocument | None]


@dataclass(slots=True)
class Documents:
    """The documents of one answer's evidence as they are stored, read when first asked for."""

    blob_ids: frozenset[int]
    _read: dict[int, CitedDocument] | None = field(default=None)

    def __call__(self, evidence: EvidenceLines) -> CitedDocument | None:
        """Return the document of a piece of evidence, None when it is not stored any more."""
        if self._read is None:
            self._read = self._all()
        return self._read.get(evidence.blob_id)

    def _all(self) -> dict[int, CitedDocument]:
        spans: dict[int, list[Span]] = {}
        rows = Definition.objects.filter(blob_id__in=self.blob_ids).values_list(
            "blob_id", "start_line", "end_line"
        )
        for blob_id, start, end in rows:
            spans.setdefault(blob_id, []).append(Span(start, end))
        texts = Blob.objects.filter(pk__in=self.blob_ids).values_list("pk", "text")
        return {pk: CitedDocument.of(text, spans.get(pk, ())) for pk, text in texts}
