"""Completions for the command palette and for the pickers of the ask page."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.conversations.palette import KINDS, Asked, entries_for
from indexer.retrieval.completing import LONGEST


@require_safe
def palette(request: SignedInRequest) -> HttpResponse:
    """Return what begins as `q` says: `?kind=file&kind=name` for these kinds, else of all."""
    query = request.GET
    kinds = [kind for kind in query.getlist("kind") if kind in KINDS] or list(KINDS)
    asked = Asked(
        request.user,
        _plain(query.get("q", "")),
        tuple(_plain(name) for name in query.getlist("source")[:200]),
        _plain(query.get("ref", "")),
    )
    entries = [entry.to_json() for entry in entries_for(asked, kinds)]
    return JsonResponse({"entries": entries})


def _plain(text: str) -> str:
    """Return what PostgreSQL can look for, cut: it takes neither NUL nor half a character."""
    return text[:LONGEST].encode("utf-8", "ignore").decode().replace("\0", "")
