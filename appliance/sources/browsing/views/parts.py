"""What the pages of the code view fetch for themselves: the tree, colours, a name, a download."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import get_source_for_user, readable_sources, scope_of
from appliance.sources.browsing.filing import marked_span, places_above
from appliance.sources.browsing.lines import shown_later
from appliance.sources.browsing.naming import card_of
from appliance.sources.browsing.opening import get_opened_document
from appliance.sources.browsing.tree import branch_of, tree_to
from appliance.sources.elsewhere import followed_at
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_file, record_symbol
from indexer.retrieval.symbols import as_symbol


@require_safe
def tree(request: SignedInRequest, source: str, commit: str, path: str = "") -> HttpResponse:
    """Show the tree with the folders open that lead to a path; with `below`, one folder alone."""
    if "\0" in source + commit + path:
        raise Http404
    ref, here = followed_at(get_source_for_user(request.user, source), commit, path)
    if ref is None:
        raise Http404
    scope = scope_of(request.user)
    below = "below" in request.GET
    branch = branch_of(ref, here, scope) if below else tree_to(ref, here, scope)
    if not branch.nodes:
        raise Http404
    context = {"branch": branch, "source_name": source, "commit": ref.commit}
    return render(request, "sources/browsing/_branch.html", context)


@require_safe
def rest_of_file(request: SignedInRequest, source: str, commit: str, path: str) -> HttpResponse:
    """Return in colour the lines of a long file that its page showed plain; recorded with the page."""
    document = get_opened_document(request.user, source, commit, path)
    marked = marked_span(request.GET.get("lines", ""), document.line_count)
    return HttpResponse(shown_later(document.text, document.path, marked, places_above(document)))


@require_safe
def raw_file(request: SignedInRequest, source: str, commit: str, path: str) -> HttpResponse:
    """Download the text as it is shown: what is masked on the page is masked in it."""
    document = get_opened_document(request.user, source, commit, path)
    record_file(document, Grounds.of(request.user), view="download")
    name = document.path.rpartition("/")[2] + (".txt" if document.format else "")
    response = HttpResponse(document.text, "text/plain; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
def symbol_card(request: SignedInRequest) -> HttpResponse:
    """Show in a few lines where a name is defined and used, this source and ref first."""
    name = as_symbol(request.GET.get("name", ""))
    source = request.GET.get("source", "")
    readable = set(readable_sources(request.user).values_list("name", flat=True))
    card = card_of(
        name,
        scope_of(request.user),
        source if source in readable else "",
        request.GET.get("ref", ""),
    )
    if card.name:
        record_symbol(card.name, card.definitions, card.uses, Grounds.of(request.user))
    return render(request, "sources/browsing/_card.html", {"card": card})
