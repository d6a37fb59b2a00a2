"""Pages that compare two branches or tags of a source: its files, and one file."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import get_source_for_user
from appliance.sources.browsing.comparing import Pair, get_difference, get_pair, overview_of
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_difference


def _pair(request: SignedInRequest, source: str) -> Pair | None:
    return get_pair(request.user, source, request.GET.get("from", ""), request.GET.get("to", ""))


@require_safe
def compare_page(request: SignedInRequest, source: str) -> HttpResponse:
    """List the files that differ between two refs, as far as they may be read."""
    pair = _pair(request, source)
    found = pair.source if pair else get_source_for_user(request.user, source)
    context: dict[str, object] = {
        "source": found,
        "pair": pair,
        "refs": found.refs.order_by("-is_default", "name"),
    }
    if pair:
        overview = overview_of(pair)
        counts = [(kind, overview.count(kind)) for kind in ("changed", "added", "removed")]
        context |= {"overview": overview, "counts": counts}
    return render(request, "sources/browsing/compare.html", context)


@require_safe
def compare_file(request: SignedInRequest, source: str, path: str) -> HttpResponse:
    """Show in which lines one file differs between two refs."""
    pair = _pair(request, source)
    if pair is None or "\0" in path:
        raise Http404
    difference = get_difference(pair, path)
    record_difference(
        difference.before, difference.after, difference.lines, Grounds.of(request.user)
    )
    context = {"source": pair.source, "pair": pair, "difference": difference}
    return render(request, "sources/browsing/compare_file.html", context)
