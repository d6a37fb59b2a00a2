"""Read one file: the single place where bytes of the outside world become text."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.documents.extraction import Extracted, extract
from indexer.reading.binary import is_binary
from indexer.reading.decoding import decode
from indexer.reading.entries import MAX_BYTES
from indexer.reading.languages import detect_language
from indexer.reading.lines import count_lines, normalise_lines
from indexer.reading.places import Place
from indexer.reading.unwritten import is_generated, is_lfs_pointer, is_lock_file, is_minified
from indexer.skips import Skip, SkipReason, stood_in_for


@dataclass(frozen=True, slots=True)
class Reading:
    text: str  # lines end in \n, no NUL: PostgreSQL can store it
    language: str  # short and lower-case: "python", "text"
    line_count: int
    format: str = ""  # of the file that the text was extracted from: "pdf"; empty: the file itself
    places: tuple[Place, ...] = ()
    note: str = ""


def read(path: str, content: bytes, *, max_bytes: int = MAX_BYTES) -> Reading | Skip:
    """Return the text of a file, or the reason why it is not indexed. Never raises."""
    if len(content) > max_bytes:
        return Skip(SkipReason.TOO_LARGE, f"{len(content)} bytes, limit {max_bytes}")
    if (skip := _stand_in(path, content)) is not None:
        return skip
    extracted = extract(path, content)
    if isinstance(extracted, Skip):
        return extracted
    if extracted is not None:
        return _of_document(extracted)
    if is_binary(content):
        return Skip(SkipReason.BINARY)
    decoded = decode(content)
    if isinstance(decoded, Skip):
        return decoded
    return _judge(path, normalise_lines(decoded))


def _stand_in(path: str, content: bytes) -> Skip | None:
    """Return why this is not what people wrote, as far as name and first bytes tell."""
    if is_lfs_pointer(content):
        return Skip(SkipReason.LFS)
    if is_lock_file(path):
        return Skip(SkipReason.LOCK_FILE)
    return stood_in_for(content)


def _of_document(extracted: Extracted) -> Reading:
    text = normalise_lines(extracted.text).replace("\0", "")
    return Reading(
        text=text,
        language=extracted.language,
        line_count=count_lines(text),
        format=extracted.format,
        places=extracted.places,
        note=extracted.note,
    )


def _judge(path: str, text: str) -> Reading | Skip:
    if not text.strip():
        return Skip(SkipReason.EMPTY)
    language = detect_language(path, text)
    if is_generated(text):
        return Skip(SkipReason.GENERATED)
    if is_minified(text, language):
        return Skip(SkipReason.MINIFIED)
    return Reading(text=text, language=language, line_count=count_lines(text))
