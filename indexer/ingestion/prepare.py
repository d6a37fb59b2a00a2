"""From the bytes of a blob to everything that is stored of it: text, chunks and term counts."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass

from indexer.chunking import ChunkSpan, chunk
from indexer.lexical.terms import term_counts, term_id
from indexer.reading.reader import read
from indexer.skips import Skip, SkipReason

logger = logging.getLogger(__name__)

MAX_FREQUENCY = 32767  # what the postings' smallint holds


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    chunk: ChunkSpan
    frequencies: dict[int, int]  # term id -> occurrences
    length_terms: int


@dataclass(frozen=True, slots=True)
class PreparedBlob:
    oid: str
    size_bytes: int
    language: str
    line_count: int
    text: str
    skip: Skip | None
    chunks: tuple[PreparedChunk, ...]


def prepare(oid: str, path: str, content: bytes, *, max_bytes: int) -> PreparedBlob:
    """Read and chunk one blob. A document that breaks a parser is skipped, never the sync."""
    try:
        reading = read(path, content, max_bytes=max_bytes)
        if isinstance(reading, Skip):
            return _skipped(oid, content, reading)
        spans = chunk(reading.text, reading.language)
    except Exception as exc:  # noqa: BLE001  any fault of a parser is this document's alone
        logger.warning("blob=%s unreadable=%s", oid, type(exc).__name__)
        return _skipped(oid, content, Skip(SkipReason.BROKEN, type(exc).__name__))
    lines = reading.text.split("\n")
    return PreparedBlob(
        oid=oid,
        size_bytes=len(content),
        language=reading.language,
        line_count=reading.line_count,
        text=reading.text,
        skip=None,
        chunks=tuple(_prepared(span, lines) for span in spans),
    )


def _prepared(span: ChunkSpan, lines: list[str]) -> PreparedChunk:
    body = "\n".join(lines[span.span.start_line - 1 : span.span.end_line])
    # The symbol counts as if it stood twice more: a chunk is first of all what it is called.
    counts: Counter[str] = term_counts(f"{span.symbol}\n{span.symbol}\n{span.context}\n{body}")
    return PreparedChunk(
        chunk=span,
        frequencies={term_id(term): min(n, MAX_FREQUENCY) for term, n in counts.items()},
        length_terms=sum(counts.values()),
    )


def _skipped(oid: str, content: bytes, skip: Skip) -> PreparedBlob:
    return PreparedBlob(oid, len(content), "", 0, "", skip, ())
