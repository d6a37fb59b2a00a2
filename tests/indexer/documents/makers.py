"""Documents of each format, made here."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import docx
from fpdf import FPDF


def make_pdf(pages: list[tuple[str, str]], *, password: str = "") -> bytes:
    """Make a PDF of (bookmark, text) pages."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password)
    for bookmark, text in pages:
        pdf.add_page()
        if bookmark:
            pdf.start_section(bookmark)
        if text:
            pdf.multi_cell(0, 8, text)
    return bytes(pdf.output())


def make_docx(write: Callable[[Any], None]) -> bytes:
    document = docx.Document()
    write(document)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def with_document_xml(xml: bytes) -> bytes:
    """Return a DOCX whose main part is this XML."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(make_docx(lambda _: None))) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            is_main = entry.filename == "word/document.xml"
            target.writestr(entry.filename, xml if is_main else source.read(entry))
    return stream.getvalue()


def make_zip(entries: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def make_notebook(cells: list[dict[str, Any]]) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def raw_pdf(objects: list[bytes], root: int = 1) -> bytes:
    """Write PDF objects as they are, with a right table of where they stand."""
    content = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF"
    return content + trailer % (len(objects) + 1, root, start)


def stream(body: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(body), extra, body)
