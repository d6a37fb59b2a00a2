"""PDF by pypdf: the text of each page, under its number and its bookmark.

Invisible text (render mode 3) is kept: it is how scanners store what they recognised.
"""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PdfReadError

from indexer.documents.extraction import MAX_TEXT, TEXT_TOO_LONG, Extracted
from indexer.reading.places import Place
from indexer.skips import Skip, SkipReason

MAX_PAGES = 5000
MAX_BOOKMARKS = 2000
MAX_LABEL = 120

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it quotes documents


def extract_pdf(content: bytes) -> Extracted | Skip:
    try:
        reader = PdfReader(BytesIO(content), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            return Skip(SkipReason.ENCRYPTED)
        count = len(reader.pages)
    except NotImplementedError:
        return Skip(SkipReason.ENCRYPTED, "an encryption that cannot be read")
    except (PdfReadError, ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
        return Skip(SkipReason.BROKEN, f"not a readable PDF ({type(exc).__name__})")
    if count > MAX_PAGES:
        return Skip(SkipReason.REJECTED, f"pages: {count}, limit {MAX_PAGES}")
    return _pages(reader, count)


def _pages(reader: PdfReader, count: int) -> Extracted | Skip:
    bookmarks = _bookmarks(reader)
    lines: list[str] = []
    places: list[Place] = []
    unreadable: list[Exception] = []
    size = 0
    title = ""
    for number in range(count):
        title = bookmarks.get(number, title)
        try:
            text = reader.pages[number].extract_text()
        except Exception as exc:  # noqa: BLE001  a broken page is not the document's end
            unreadable.append(exc)
            continue
        page = [line.rstrip() for line in text.split("\n")]
        if not any(page):
            continue
        size += len(text)
        if size > MAX_TEXT:
            return Skip(SkipReason.REJECTED, TEXT_TOO_LONG)
        label = f"Page {number + 1}" + (f", {title}" if title else "")
        places.append(Place(len(lines) + 1, "page", label))
        lines += page
    note = f"{len(unreadable)} of {count} pages could not be read" if unreadable else ""
    if unreadable and not lines:
        is_limit = any(isinstance(exc, LimitReachedError) for exc in unreadable)
        return Skip(SkipReason.REJECTED if is_limit else SkipReason.BROKEN, note)
    return Extracted("\n".join(lines), "text", "pdf", tuple(places), note)


def _bookmarks(reader: PdfReader) -> dict[int, str]:
    """Return the bookmark path that begins on each page, the first of each; {} for broken ones."""
    found: dict[int, str] = {}
    try:
        stack: list[tuple[Any, tuple[str, ...]]] = [(reader.outline, ())]
        seen = 0
        while stack and seen < MAX_BOOKMARKS:
            items, above = stack.pop()
            path = above
            inner: list[tuple[Any, tuple[str, ...]]] = []
            for item in items:
                seen += 1
                if isinstance(item, list):
                    inner.append((item, path))
                    continue
                path = (*above, " ".join(str(item.title).split()))
                page = reader.get_destination_page_number(item)
                if page is not None:
                    found.setdefault(page, " > ".join(path)[:MAX_LABEL])
            stack.extend(reversed(inner))
    except Exception:  # noqa: BLE001  bookmarks are a comfort; circular ones are common in attacks
        return {}
    return found
