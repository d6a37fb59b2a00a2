"""The search page: words in, documents with their best lines out; whole, or the results alone."""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import scope_of, sources_in
from appliance.sources.asof import as_of, refs_to_choose
from appliance.sources.grounds import Grounds
from appliance.sources.narrowing.addresses import Addresses
from appliance.sources.narrowing.facets import chips_of
from appliance.sources.narrowing.finding import search_narrowed
from appliance.sources.narrowing.narrowing import Narrowing
from appliance.sources.reading import record_search
from appliance.sources.results import documents_of
from appliance.sources.sets.access import set_names
from appliance.sources.sets.picking import picked
from appliance.sources.views.parts import page_of, part_or_page, sources_to_ask
from indexer.retrieval.symbols import Definitions, as_symbol, definitions_of
from indexer.scope import Scope

logger = logging.getLogger(__name__)

HITS_PER_PAGE = 20
LAST_PAGE = 10
EXPLAINED_SOURCES = 5
SHOWN_DEFINITIONS = 5


@require_safe
def search_page(request: SignedInRequest) -> HttpResponse:
    """Show what a query finds in what this person may read."""
    query = request.GET.get("q", "").strip()
    found = picked(request.user, scope_of(request.user), request.GET.get("set", ""))
    scope = found.scope
    sources = sources_in(scope)
    names = [source.name for source in sources]
    by = Narrowing.read(request.GET, names)
    chosen = list(by.sources)
    narrowing = as_of(scope, chosen, request.GET.get("ref", "").strip() or found.ref)
    addresses = Addresses("search", query, by, narrowing.ref)
    context: dict[str, object] = {
        "query": query,
        "names": names,
        "sets": set_names(request.user),
        "set_name": found.name,
        "set_trouble": found.sentence,
        "chosen": chosen,
        "as_of": narrowing,
        "why_names": [
            source.name
            for source in sources
            if source.name in (chosen or names) and scope.allows(source.pk, query)
        ][:EXPLAINED_SOURCES],
        "refs": refs_to_choose(scope, narrowing.ref),
        "addresses": addresses,
        "chips": addresses.chips(chips_of(by)),
    }
    status = 200
    if query and names and not narrowing.is_unknown:
        try:
            context |= _found(request, addresses, names, scope)
        except DatabaseError:
            logger.exception("search failed")
            context["failed"] = True
            status = 503
    return render(request, part_or_page(request, "search"), context, status=status)


def _found(
    request: SignedInRequest, asked: Addresses, names: list[str], scope: Scope
) -> dict[str, object]:
    page = page_of(request, LAST_PAGE)
    started = time.monotonic()
    found = search_narrowed(
        asked.query,
        asked.by,
        scope=scope,
        names=names,
        ref=asked.ref,
        # One more than is shown tells whether there is a next page.
        limit=page * HITS_PER_PAGE + 1,
    )
    first = (page - 1) * HITS_PER_PAGE
    symbol = as_symbol(asked.query) if page == 1 else ""
    definitions = _definitions(symbol, asked, scope)
    documents = documents_of(
        found.result.hits[first : first + HITS_PER_PAGE],
        dict(sources_in(scope).values_list("name", "checked_at")),
    )
    record_search(
        asked.query,
        documents,
        definitions,
        grounds=Grounds.of(request.user),
        page=page,
        sources=asked.by.sources,
        ref=asked.ref,
    )
    is_more = len(found.result.hits) > page * HITS_PER_PAGE and page < LAST_PAGE
    return {
        "symbol": symbol,
        "definitions": definitions,
        "documents": documents,
        "document_count": found.documents,
        "facets": asked.links(found.facets),
        "seconds": time.monotonic() - started,
        "by_meaning": "vector" in found.result.legs,
        "page": page,
        "previous_url": asked.url(page=str(page - 1)) if page > 1 else "",
        "next_url": asked.url(page=str(page + 1)) if is_more else "",
        "searched": True,
        "ask_question": asked.query,
        "ask_sources": sources_to_ask(asked, (one.source for one in documents)),
    }


def _definitions(symbol: str, asked: Addresses, scope: Scope) -> Definitions | None:
    if not symbol:
        return None
    return definitions_of(
        symbol,
        scope=scope,
        source_names=asked.by.sources,
        refs=[asked.ref] if asked.ref else (),
        limit=SHOWN_DEFINITIONS,
    )
