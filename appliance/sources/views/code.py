"""Code search: an exact text or a regular expression in, lines and a certificate out."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import scope_of
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_code_search
from indexer.codesearch.certificate import FileMatches
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.matching import LineMatch
from indexer.codesearch.query import read_query
from indexer.codesearch.search import search_code
from indexer.retrieval.symbols import as_symbol
from indexer.scope import Scope
from indexer.skips import EXPLANATIONS, SkipReason

logger = logging.getLogger(__name__)

PAGE_LINES = 500


@dataclass(frozen=True, slots=True)
class ShownLine:
    number: int
    html: SafeString
    follows_gap: bool


@dataclass(frozen=True, slots=True)
class ShownFile:
    file: FileMatches
    lines: tuple[ShownLine, ...]


@require_safe
def code_page(request: SignedInRequest) -> HttpResponse:
    """Show the lines that a query finds in what this person may read, and what was searched."""
    line = request.GET.get("q", "").strip()
    scope = scope_of(request.user)
    context: dict[str, object] = {"query": line, "may_search": bool(scope.source_ids)}
    status = 200
    if line and scope.source_ids:
        try:
            context |= _found(request, line, scope)
        except QueryRefused as exc:
            context["refused"] = str(exc)
            status = 400
        except DatabaseError:
            logger.exception("code search failed")
            context["failed"] = True
            status = 503
    return render(request, "sources/code.html", context, status=status)


def _found(request: SignedInRequest, line: str, scope: Scope) -> dict[str, object]:
    query = read_query(line)
    result = search_code(query, scope=scope, max_lines=PAGE_LINES)
    record_code_search(line, result, Grounds.of(request.user))
    by_source: dict[str, list[ShownFile]] = {}
    for file in result.files:
        by_source.setdefault(file.source, []).append(ShownFile(file, _shown(file.lines)))
    skipped: dict[str, int] = {}
    for ref in result.certificate.refs:
        for reason, count in ref.skipped:
            skipped[reason] = skipped.get(reason, 0) + count
    return {
        "sources": by_source,
        "line_count": result.line_count,
        "file_count": len(result.files),
        "certificate": result.certificate,
        "skipped": [
            (count, EXPLANATIONS[SkipReason(reason)]) for reason, count in sorted(skipped.items())
        ],
        "symbol": "" if query.is_regex else as_symbol(query.text),
    }


def _shown(lines: tuple[LineMatch, ...]) -> tuple[ShownLine, ...]:
    before = [0, *(line.line for line in lines)]
    return tuple(
        ShownLine(line.line, _marked(line), bool(last) and line.line != last + 1)
        for line, last in zip(lines, before, strict=False)
    )


def _marked(line: LineMatch) -> SafeString:
    """Return the line with what matched in <mark>; every piece of it is escaped."""
    pieces: list[tuple[SafeString, SafeString]] = []
    at = 0
    for start, end in line.spans:
        if start > len(line.text):
            break
        pieces.append(
            (_escaped(line.text[at : start - 1]), _escaped(line.text[start - 1 : end - 1]))
        )
        at = end - 1
    marked = format_html_join("", "{}<mark>{}</mark>", pieces)
    return marked + _escaped(line.text[at:] + (" …" if line.is_cut else ""))


def _escaped(text: str) -> SafeString:
    return mark_safe(conditional_escape(text))  # noqa: S308  escaped just now
