"""Blame, history and single changes of one file."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import scope_of
from appliance.sources.browsing.filing import frame_of, marked_span
from appliance.sources.browsing.lines import as_html, coloured_lines
from appliance.sources.browsing.opening import get_opened_document
from appliance.sources.browsing.past import Past, PastUnknown, beside_lines
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_change, record_file

PER_PAGE = 40
# The same for every commit, whether it exists or not.
NOT_ITS = (
    "This commit is not in the history of this file. Merges are left out of it: a line that only a "
    "merge changed has no page of its own."
)


def _past(request: SignedInRequest, source: str, commit: str, path: str) -> Past:
    document = get_opened_document(request.user, source, commit, path)
    return Past(document, scope_of(request.user))


@require_safe
def blame_page(request: SignedInRequest, source: str, commit: str, path: str) -> HttpResponse:
    """Show the lines of a file with the commit that each comes from."""
    past = _past(request, source, commit, path)
    document = past.document
    marked = marked_span(request.GET.get("lines", ""), document.line_count)
    context: dict[str, object] = {
        "document": document,
        "frame": frame_of(document, "file_blame", marked),
    }
    try:
        beside = beside_lines(past, past.blame())
    except PastUnknown as why:
        return _unknown(request, context, why)
    record_file(document, Grounds.of(request.user), view="blame")
    lines = coloured_lines(document.text, document.path)
    context["html"] = as_html(lines, marked, beside=beside)
    return render(request, "sources/browsing/blame.html", context)


@require_safe
def history_page(request: SignedInRequest, source: str, commit: str, path: str) -> HttpResponse:
    """List the commits that changed a file, newest first."""
    past = _past(request, source, commit, path)
    context: dict[str, object] = {
        "document": past.document,
        "frame": frame_of(past.document, "file_history"),
    }
    try:
        history = past.history()
    except PastUnknown as why:
        return _unknown(request, context, why)
    page = Paginator(history.commits, PER_PAGE).get_page(request.GET.get("page"))
    context |= {"history": history, "page": page, "shows_messages": past.shows_messages}
    return render(request, "sources/browsing/history.html", context)


@require_safe
def change_page(request: SignedInRequest, source: str, commit: str, path: str) -> HttpResponse:
    """Show what one commit of a file's history changed in it."""
    past = _past(request, source, commit, path)
    context: dict[str, object] = {
        "document": past.document,
        "frame": frame_of(past.document, "file_change"),
    }
    try:
        found = past.history().find(request.GET.get("commit", ""))
        if found is None:
            return _unknown(request, context, PastUnknown(NOT_ITS), status=404)
        change = past.change(found)
    except PastUnknown as why:
        return _unknown(request, context, why)
    record_change(past.document, found, change, Grounds.of(request.user))
    context |= {"commit": found, "change": change, "shows_messages": past.shows_messages}
    return render(request, "sources/browsing/change.html", context)


def _unknown(
    request: SignedInRequest, context: dict[str, object], why: PastUnknown, status: int = 200
) -> HttpResponse:
    page = "sources/browsing/past_unknown.html"
    return render(request, page, {**context, "why": str(why)}, status=status)
