"""Downloads of what a search found, recorded with the lines that are in them."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import readable_sources, scope_of
from appliance.sources.asof import as_of
from appliance.sources.grounds import Grounds
from appliance.sources.narrowing.exporting import (
    MOST_ROWS,
    TYPES,
    Row,
    rows_of_hits,
    rows_of_lines,
    shown_lines,
    written,
)
from appliance.sources.narrowing.finding import search_code_narrowed, search_narrowed
from appliance.sources.narrowing.narrowing import Narrowing
from appliance.sources.reading import record_export
from appliance.sources.sets.picking import picked
from indexer.codesearch.errors import QueryRefused

MOST_HITS = 200  # of a search by meaning: the further ones are hardly about it


@require_safe
def search_export(request: SignedInRequest, ending: str) -> HttpResponse:
    """Give the best hits of a search by meaning."""
    query, by, names = _asked(request, ending)
    found_in = picked(request.user, scope_of(request.user), by.set_name)
    scope = found_in.scope
    ref = as_of(scope, by.sources, request.GET.get("ref", "").strip() or found_in.ref)
    if ref.is_unknown:
        return _file(request, query, [], "search", ending)
    found = search_narrowed(query, by, scope=scope, names=names, ref=ref.ref, limit=MOST_HITS)
    return _file(request, query, rows_of_hits(found.result.hits), "search", ending)


@require_safe
def code_export(request: SignedInRequest, ending: str) -> HttpResponse:
    """Give the first lines that a code search found."""
    query, by, _ = _asked(request, ending)
    found_in = picked(request.user, scope_of(request.user), by.set_name)
    try:
        result, _ = search_code_narrowed(
            query, by, scope=found_in.scope, ref=found_in.ref, max_lines=MOST_ROWS
        )
    except QueryRefused as exc:
        return HttpResponse(str(exc), status=400, content_type="text/plain; charset=utf-8")
    return _file(request, query, rows_of_lines(result), "code search", ending)


def _asked(request: SignedInRequest, ending: str) -> tuple[str, Narrowing, list[str]]:
    query = request.GET.get("q", "").strip()
    if ending not in TYPES or not query:
        raise Http404
    names = list(readable_sources(request.user).values_list("name", flat=True))
    return query, Narrowing.read(request.GET, names), names


def _file(
    request: SignedInRequest, query: str, rows: Sequence[Row], page: str, ending: str
) -> HttpResponse:
    shown = shown_lines(rows, Grounds.of(request.user))
    record_export(query, shown, page=page, ending=ending, rows=len(rows))
    response = HttpResponse(written(rows, ending), content_type=f"{TYPES[ending]}; charset=utf-8")
    name = f"{page.replace(' ', '-')}-{timezone.localdate():%Y-%m-%d}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
