"""From the bytes of a blob to everything that is stored of it: text, chunks, symbols and terms.

It runs in the child and therefore knows neither Django nor the database.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import replace

from indexer.chunking import ChunkSpan, Dissection, dissect
from indexer.chunking.faults import fault_lines
from indexer.confined.protocol import Answer, ChunkRow, DefinitionRow
from indexer.documents.extraction import is_document
from indexer.embedding.digests import text_digest
from indexer.lexical.terms import term_counts, term_id
from indexer.lexical.trigrams import fold, trigrams_of
from indexer.masking import mask
from indexer.reading.reader import Reading, read
from indexer.skips import Skip, SkipReason

MAX_FREQUENCY = 32767  # what the postings' smallint holds
SPLIT_BY_LINES = "split by lines: its parser did not come to an end"


def prepare(
    oid: str, path: str, content: bytes, *, max_bytes: int, by_lines: bool = False
) -> Answer:
    """Read, mask and split one blob. A document that breaks a parser is skipped, never the sync.

    `by_lines` leaves the parser of its language out: a reader before died of it.
    """
    try:
        return _prepared(oid, path, content, max_bytes, by_lines)
    except MemoryError:
        return _skipped(oid, content, Skip(SkipReason.REJECTED, "memory"))
    except RecursionError:
        return _skipped(oid, content, Skip(SkipReason.REJECTED, "nested too deeply"))
    except Exception as exc:  # noqa: BLE001  any fault of a parser is this document's alone
        return _skipped(oid, content, Skip(SkipReason.BROKEN, type(exc).__name__))


def find_faults(oid: str, path: str, content: bytes) -> Answer:
    """Say where a file is no proper text of its language; of what breaks a parser nothing is said."""
    try:
        reading = read(path, content)
        if isinstance(reading, Skip):
            return _skipped(oid, content, reading)
        faults = fault_lines(reading.text, reading.language)
    except Exception as exc:  # noqa: BLE001  as above
        return _skipped(oid, content, Skip(SkipReason.BROKEN, type(exc).__name__))
    return Answer(oid=oid, size_bytes=len(content), language=reading.language, faults=faults)


def _prepared(oid: str, path: str, content: bytes, max_bytes: int, by_lines: bool) -> Answer:
    if by_lines and is_document(path, content):
        return _skipped(oid, content, Skip(SkipReason.REJECTED, "a document has no lines to split"))
    reading = read(path, content, max_bytes=max_bytes)
    if isinstance(reading, Skip):
        return _skipped(oid, content, reading)
    masked = mask(reading.text, path)
    dissection = (
        replace(dissect(masked.text, "text"), note=SPLIT_BY_LINES)
        if by_lines
        else dissect(masked.text, reading.language, reading.places)
    )
    lines = masked.text.split("\n")
    counts: list[Counter[str]] = []
    rows: list[ChunkRow] = []
    for span in dissection.chunks:
        body = "\n".join(lines[span.span.start_line - 1 : span.span.end_line])
        # The symbol counts as if it stood twice more: a chunk is first of all what it is called.
        counted = term_counts(f"{span.symbol}\n{span.symbol}\n{span.context}\n{body}")
        counts.append(counted)
        rows.append(_row(span, body, counted.total()))
    terms, sizes, ordinals, frequencies = _postings(counts)
    return Answer(
        oid=oid,
        size_bytes=len(content),
        language=reading.language,
        line_count=reading.line_count,
        text=masked.text,
        format=reading.format,
        note=_note_of(reading, dissection)[:200],
        places=[(place.line, place.kind, place.label) for place in reading.places],
        findings=[(finding.kind, finding.rule, finding.line) for finding in masked.findings],
        chunks=rows,
        definitions=[
            DefinitionRow(
                definition.name,
                definition.qualified,
                definition.kind,
                definition.span.start_line,
                definition.span.end_line,
                definition.signature,
            )
            for definition in dissection.definitions
        ],
        references=[(use.name, list(use.lines)) for use in dissection.uses],
        terms=terms.tobytes(),
        sizes=sizes.tobytes(),
        ordinals=ordinals.tobytes(),
        frequencies=frequencies.tobytes(),
        trigrams=trigrams_of(fold(masked.text)).tobytes(),
    )


def _row(span: ChunkSpan, body: str, length_terms: int) -> ChunkRow:
    return ChunkRow(
        start_line=span.span.start_line,
        end_line=span.span.end_line,
        symbol=span.symbol,
        kind=span.kind,
        context=span.context,
        length_terms=length_terms,
        digest=text_digest(span.context, body).bytes,
    )


def _postings(
    counts: list[Counter[str]],
) -> tuple[array[int], array[int], array[int], array[int]]:
    """Turn term counts by chunk into chunks by term: see Answer."""
    by_term: dict[str, list[tuple[int, int]]] = {}
    for ordinal, counted in enumerate(counts):
        for term, times in counted.items():
            by_term.setdefault(term, []).append((ordinal, times))
    sizes, ordinals, frequencies = array("i"), array("i"), array("h")
    for places in by_term.values():
        sizes.append(len(places))
        for ordinal, times in places:
            ordinals.append(ordinal)
            frequencies.append(min(times, MAX_FREQUENCY))
    return array("q", map(term_id, by_term)), sizes, ordinals, frequencies


def _note_of(reading: Reading, dissection: Dissection) -> str:
    return "; ".join(note for note in (reading.note, dissection.note) if note)


def _skipped(oid: str, content: bytes, skip: Skip) -> Answer:
    return Answer(
        oid=oid,
        size_bytes=len(content),
        skip_reason=skip.reason.value,
        skip_detail=skip.detail[:200],
    )
