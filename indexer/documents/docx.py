"""DOCX by python-docx: headings, paragraphs, lists and tables as Markdown; hidden runs left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

from docx import Document
from docx.opc.exceptions import OpcError
from docx.shared import RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph
from docx.text.run import Run
from lxml.etree import XMLSyntaxError

from indexer.documents.extraction import Extracted
from indexer.documents.zipguard import check_zip
from indexer.skips import Skip, SkipReason

HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
MAX_CELLS = 100_000
WHITE = RGBColor(255, 255, 255)


def extract_docx(content: bytes) -> Extracted | Skip:
    if refusal := check_zip(content):
        return refusal
    try:
        document = Document(BytesIO(content))
    except XMLSyntaxError:
        return Skip(SkipReason.REJECTED, "xml: not well-formed, or beyond what a document holds")
    except (OpcError, BadZipFile, KeyError, ValueError, AttributeError) as exc:
        return Skip(SkipReason.BROKEN, f"not a readable DOCX ({type(exc).__name__})")
    lines: list[str] = []
    for block in document.iter_inner_content():
        new = list(_table(block) if isinstance(block, Table) else _paragraph(block))
        if new:
            lines += [*new, ""]
    return Extracted("\n".join(lines), "markdown", "docx")


def _paragraph(paragraph: Paragraph) -> Iterator[str]:
    text = _text(paragraph)
    if not text.strip():
        return
    style = (paragraph.style.name or "") if paragraph.style else ""
    if found := HEADING.match(style):
        yield "#" * min(6, int(found[1]) or 1) + " " + " ".join(text.split())
    elif style.lower() == "title":
        yield "# " + " ".join(text.split())
    elif style.lower().startswith("list"):
        yield "- " + " ".join(text.split())
    else:
        yield from text.split("\n")


def _text(paragraph: Paragraph) -> str:
    """Return what is shown: runs that Word hides are not (they hide instructions, too)."""
    return "".join(_shown(part) for part in paragraph.iter_inner_content())


def _shown(part: Any) -> str:
    runs = getattr(part, "runs", None)  # a hyperlink has runs, a run has none
    if runs is not None:
        return "".join(_shown(run) for run in runs)
    size = part.font.size
    is_tiny = size is not None and size.pt < 2
    return "" if part.font.hidden or is_tiny or _is_white_on_white(part) else str(part.text)


def _is_white_on_white(run: Run) -> bool:
    """Say whether white text stands on the bare page: tables may be coloured by their style."""
    if run.font.color is None or run.font.color.rgb != WHITE or run.font.highlight_color:
        return False
    element = run._r
    return not element.xpath("ancestor::w:tbl | .//w:shd | ancestor::w:p/w:pPr/w:shd")


def _table(table: Table) -> Iterator[str]:
    cells = 0
    for row in table.rows:
        texts: list[str] = []
        before = None
        for cell in row.cells:
            if cell._tc is before:  # merged cells come once for each column
                continue
            before = cell._tc
            texts.append(" ".join(" ".join(_text(one) for one in cell.paragraphs).split()))
        cells += len(texts)
        if any(texts):
            yield "| " + " | ".join(texts) + " |"
        if cells > MAX_CELLS:
            return
