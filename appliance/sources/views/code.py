"""Code search: an exact text or a regular expression in, lines and a certificate out."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import readable_sources, scope_of
from appliance.sources.grounds import Grounds
from appliance.sources.narrowing.addresses import Addresses
from appliance.sources.narrowing.facets import chips_of
from appliance.sources.narrowing.finding import search_code_narrowed
from appliance.sources.narrowing.narrowing import Narrowing
from appliance.sources.reading import record_code_search
from appliance.sources.sets.access import set_names
from appliance.sources.sets.picking import picked
from appliance.sources.views.parts import is_part, page_of, part_or_page, sources_to_ask
from indexer.codesearch.certificate import CodeResult, FileMatches
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.matching import LineMatch
from indexer.codesearch.query import read_query
from indexer.retrieval.symbols import as_symbol
from indexer.scope import Scope
from indexer.skips import EXPLANATIONS, SkipReason

logger = logging.getLogger(__name__)

FILES_PER_PAGE = 30
LAST_PAGE = 99


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
    found = picked(request.user, scope_of(request.user), request.GET.get("set", ""))
    scope = found.scope
    named = "source" in request.GET  # else no name has to be known
    names = readable_sources(request.user).values_list("name", flat=True) if named else ()
    addresses = Addresses("code", line, Narrowing.read(request.GET, set(names)))
    context: dict[str, object] = {
        "query": line,
        "may_search": bool(scope.source_ids) or bool(found.name),
        "sets": set_names(request.user),
        "set_name": found.name,
        "set_trouble": found.sentence,
        "addresses": addresses,
        "chips": addresses.chips(chips_of(addresses.by)),
    }
    status = 200
    if line and scope.source_ids:
        try:
            context |= _found(request, addresses, scope, found.ref)
        except QueryRefused as exc:
            context["refused"] = str(exc)
            # htmx counts 400 as a fault of the page; of 422 it shows what is wrong.
            status = 422 if is_part(request) else 400
        except DatabaseError:
            logger.exception("code search failed")
            context["failed"] = True
            status = 503
    return render(request, part_or_page(request, "code"), context, status=status)


def _found(request: SignedInRequest, asked: Addresses, scope: Scope, ref: str) -> dict[str, object]:
    result, facets = search_code_narrowed(asked.query, asked.by, scope=scope, ref=ref)
    page = page_of(request, LAST_PAGE)
    first = (page - 1) * FILES_PER_PAGE
    shown = result.files[first : first + FILES_PER_PAGE]
    record_code_search(asked.query, replace(result, files=shown), Grounds.of(request.user))
    by_source: dict[str, list[ShownFile]] = {}
    for file in shown:
        by_source.setdefault(file.source, []).append(ShownFile(file, _shown(file.lines)))
    is_more = len(result.files) > first + FILES_PER_PAGE
    query = read_query(asked.query)
    return {
        "sources": by_source,
        "line_count": result.line_count,
        "file_count": len(result.files),
        "certificate": result.certificate,
        "skipped": _skipped(result),
        "symbol": "" if query.is_regex else as_symbol(query.text),
        "facets": asked.links(facets),
        "page": page,
        "previous_url": asked.url(page=str(page - 1)) if page > 1 else "",
        "next_url": asked.url(page=str(page + 1)) if is_more else "",
        "searched": True,
        "ask_question": f"What does the code do that matches {asked.query}?",
        "ask_sources": sources_to_ask(asked, by_source),
    }


def _skipped(result: CodeResult) -> list[tuple[int, str]]:
    """Return how many files were not searched, by reason in words."""
    skipped: Counter[str] = Counter()
    for ref in result.certificate.refs:
        skipped.update(dict(ref.skipped))
    return [(count, EXPLANATIONS[SkipReason(reason)]) for reason, count in sorted(skipped.items())]


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
