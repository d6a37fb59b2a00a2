"""The search page: words in, documents with their best lines out."""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import readable_sources, scope_of
from appliance.sources.asof import AsOf, as_of, refs_to_choose
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_search
from appliance.sources.results import documents_of
from indexer.retrieval.search import search
from indexer.retrieval.symbols import as_symbol, definitions_of

logger = logging.getLogger(__name__)

HITS_PER_PAGE = 20
LAST_PAGE = 10
EXPLAINED_SOURCES = 5
SHOWN_DEFINITIONS = 5


@require_safe
def search_page(request: SignedInRequest) -> HttpResponse:
    """Show what a query finds in what this person may read."""
    query = request.GET.get("q", "").strip()
    sources = readable_sources(request.user)
    names = [source.name for source in sources]
    chosen = [name for name in request.GET.getlist("source") if name in names]
    scope = scope_of(request.user)
    narrowing = as_of(scope, chosen, request.GET.get("ref", "").strip())
    context: dict[str, object] = {
        "query": query,
        "names": names,
        "chosen": chosen,
        "as_of": narrowing,
        "why_names": [
            source.name
            for source in sources
            if source.name in (chosen or names) and scope.allows(source.pk, query)
        ][:EXPLAINED_SOURCES],
        "refs": refs_to_choose(scope, narrowing.ref),
    }
    status = 200
    if query and names and not narrowing.is_unknown:
        try:
            context |= _found(request, query, chosen, narrowing)
        except DatabaseError:
            logger.exception("search failed")
            context["failed"] = True
            status = 503
    return render(request, "sources/search.html", context, status=status)


def _found(
    request: SignedInRequest, query: str, chosen: list[str], narrowing: AsOf
) -> dict[str, object]:
    page = _page_of(request)
    started = time.monotonic()
    result = search(
        query,
        scope=scope_of(request.user),
        source_names=chosen,
        refs=[narrowing.ref] if narrowing.ref else (),
        # One more than is shown tells whether there is a next page.
        limit=page * HITS_PER_PAGE + 1,
    )
    first = (page - 1) * HITS_PER_PAGE
    symbol = as_symbol(query) if page == 1 else ""
    definitions = (
        definitions_of(
            symbol,
            scope=scope_of(request.user),
            source_names=chosen,
            refs=[narrowing.ref] if narrowing.ref else (),
            limit=SHOWN_DEFINITIONS,
        )
        if symbol
        else None
    )
    documents = documents_of(
        result.hits[first : first + HITS_PER_PAGE],
        dict(readable_sources(request.user).values_list("name", "checked_at")),
    )
    grounds = Grounds.of(request.user)
    record_search(
        query,
        documents,
        definitions,
        grounds=grounds,
        page=page,
        sources=chosen,
        ref=narrowing.ref,
    )
    return {
        "symbol": symbol,
        "definitions": definitions,
        "documents": documents,
        "seconds": time.monotonic() - started,
        "by_meaning": "vector" in result.legs,
        "page": page,
        "previous_page": page - 1,
        "next_page": page + 1 if _has_more(len(result.hits), page) else 0,
        "searched": True,
    }


def _has_more(found: int, page: int) -> bool:
    return found > page * HITS_PER_PAGE and page < LAST_PAGE


def _page_of(request: SignedInRequest) -> int:
    asked = request.GET.get("page", "1")
    return min(max(int(asked), 1), LAST_PAGE) if asked.isdecimal() and len(asked) < 6 else 1
