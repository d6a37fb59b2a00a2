"""One name: where it is defined, and where it is used."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import readable_sources, scope_of
from appliance.sources.asof import as_of
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_symbol
from indexer.retrieval.symbols import SEPARATOR, as_symbol, definitions_of, uses_of

PER_PAGE = 30
LAST_PAGE = 1000


@require_safe
def symbol_page(request: SignedInRequest) -> HttpResponse:
    """Show the definitions and uses of a name in what this person may read."""
    name = as_symbol(request.GET.get("name", ""))
    readable = set(readable_sources(request.user).values_list("name", flat=True))
    chosen = [source for source in request.GET.getlist("source") if source in readable]
    scope = scope_of(request.user)
    narrowing = as_of(scope, chosen, request.GET.get("ref", "").strip())
    refs = [narrowing.ref] if narrowing.ref else []
    page = _page_of(request)
    first = (page - 1) * PER_PAGE
    asked = {"scope": scope, "source_names": chosen, "refs": refs, "limit": PER_PAGE}
    context: dict[str, object] = {"name": name, "as_of": narrowing, "page": page}
    if name:
        uses = uses_of(name, **asked, offset=first)  # type: ignore[arg-type]
        definitions = definitions_of(name, **asked)  # type: ignore[arg-type]
        record_symbol(name, definitions, uses, Grounds.of(request.user))
        context |= {
            "definitions": definitions,
            "uses": uses,
            "last_name": SEPARATOR.split(name)[-1],
            "previous_page": page - 1,
            "next_page": page + 1 if first + PER_PAGE < uses.total else 0,
        }
    return render(request, "sources/symbols.html", context)


def _page_of(request: SignedInRequest) -> int:
    asked = request.GET.get("page", "1")
    return min(max(int(asked), 1), LAST_PAGE) if asked.isdecimal() and len(asked) < 6 else 1
