"""One file at one commit, with lines that can be pointed at."""

from __future__ import annotations

import re

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.common.highlighting import highlighted_lines
from appliance.sources.access import (
    OpenedDocument,
    get_document_for_user,
    get_source_for_user,
    scope_of,
)
from appliance.sources.elsewhere import followed_at, refs_of_path
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_file
from indexer.spans import Span

MADE_FROM = {
    "pdf": "Text of a PDF",
    "docx": "Text of a Word document",
    "html": "Main content of an HTML page",
    "notebook": "Cells of a notebook",
}
LINES_PATTERN = re.compile(r"L?(\d{1,9})(?:-L?(\d{1,9}))?")


@require_safe
def file_page(request: SignedInRequest, source: str, commit: str, path: str) -> HttpResponse:
    """Show a document; the commit may be the name of a ref that is followed."""
    if "\0" in commit + path:  # PostgreSQL refuses to look for it
        raise Http404
    try:
        document = _opened(request, source, commit, path)
    except Http404:
        return _absent(request, source, commit, path)
    record_file(document, Grounds.of(request.user))
    marked = marked_span(request.GET.get("lines", ""), document.line_count)
    lines = highlighted_lines(document.text, document.path)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()  # the newline at the end of the file is no line of its own
    places = {line: (anchor_of(kind, label), label) for line, kind, label in document.places}
    context = {
        "document": document,
        "lines": [(number, line, places.get(number)) for number, line in enumerate(lines, start=1)],
        "made_from": MADE_FROM.get(document.format, ""),
        "part_count": len(places),
        "marked": marked,
        "lines_value": lines_value(marked),
        "refs": refs_of_path(document.source, document.path),
    }
    return render(request, "sources/file.html", context)


def _absent(request: SignedInRequest, source_name: str, commit: str, path: str) -> HttpResponse:
    """Say in which refs a file is that this one does not have; 404 when that is none."""
    source = get_source_for_user(request.user, source_name)
    ref, path = followed_at(source, commit, path)
    if ref is None or not scope_of(request.user).allows(source.pk, path):
        raise Http404
    refs = refs_of_path(source, path)
    if not any(other.has_it for other in refs):
        raise Http404
    context = {"source": source, "ref": ref, "path": path, "refs": refs}
    return render(request, "sources/file_absent.html", context, status=404)


def anchor_of(kind: str, label: str) -> str:
    """Return the anchor of a place: "page-12" for page 12, whatever its bookmark."""
    number = re.search(r"\d+", label)
    return f"{kind}-{number[0]}" if number else kind


def _opened(request: SignedInRequest, source: str, commit: str, path: str) -> OpenedDocument:
    """Open the document; a ref such as release/2.0 holds a slash, so its end is looked for."""
    try:
        return get_document_for_user(request.user, source, commit, path)
    except Http404:
        refs = get_source_for_user(request.user, source).refs.filter(name__startswith=f"{commit}/")
        whole = f"{commit}/{path}"
        for ref in refs.order_by("name"):
            if whole.startswith(f"{ref.name}/"):
                rest = whole.removeprefix(f"{ref.name}/")
                return get_document_for_user(request.user, source, ref.name, rest)
        raise


def marked_span(text: str, line_count: int) -> Span | None:
    """Return the lines asked for as far as the file has them, None for anything else."""
    match = LINES_PATTERN.fullmatch(text)
    if not match:
        return None
    first = int(match[1])
    last = min(int(match[2] or first), line_count)
    return Span(first, last) if 1 <= first <= last else None


def lines_value(span: Span | None) -> str:
    """Write a span as the address has it: 10-24, or 10 for one line."""
    if span is None:
        return ""
    if span.start_line == span.end_line:
        return str(span.start_line)
    return f"{span.start_line}-{span.end_line}"
