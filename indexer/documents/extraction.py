"""Which formats are taken apart, told by name and first bytes; each is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from indexer.reading.places import Place
from indexer.skips import Skip, SkipReason

MAX_TEXT = 20 * 1024 * 1024  # characters
TEXT_TOO_LONG = f"text: more than {MAX_TEXT} characters"


@dataclass(frozen=True, slots=True)
class Extracted:
    """The lines of a document; a citation points to them."""

    text: str
    language: str  # what splits it: "markdown" where headings could be told, else "text"
    format: str  # "pdf", "docx", "html", "notebook"
    places: tuple[Place, ...] = ()
    note: str = ""


def extract(path: str, content: bytes) -> Extracted | Skip | None:
    """Return a document's text, why there is none, or None when it is no such document.

    Runs in the confined child: a format's library may use up its time and memory there.
    """
    extractor = _extractor(path.lower(), content)
    if extractor is None:
        return None
    extracted = extractor(content)
    if isinstance(extracted, Skip):
        return extracted
    if not extracted.text.strip():
        return Skip(SkipReason.EMPTY, "no text in it: pictures only, or a scan")
    if len(extracted.text) > MAX_TEXT:
        return Skip(SkipReason.REJECTED, TEXT_TOO_LONG)
    return extracted


def is_document(path: str, content: bytes) -> bool:
    """Return whether the text has to be taken out of the file by a library."""
    return _extractor(path.lower(), content) is not None


def _extractor(name: str, content: bytes) -> Callable[[bytes], Extracted | Skip] | None:
    """A wrong extension is common, so the first bytes decide where they can."""
    if content[:1024].lstrip().startswith(b"%PDF-"):
        from indexer.documents.pdf import extract_pdf

        return extract_pdf
    if name.endswith(".docx") and content.startswith(b"PK"):
        from indexer.documents.docx import extract_docx

        return extract_docx
    if name.endswith(".ipynb"):
        from indexer.documents.notebook import extract_notebook

        return extract_notebook
    if name.endswith((".html", ".htm", ".xhtml")):
        from indexer.documents.html import extract_html, is_page

        return extract_html if is_page(content) else None
    return None
