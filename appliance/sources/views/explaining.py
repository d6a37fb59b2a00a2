"""The page "why is this file not found?"."""

from __future__ import annotations

from contextlib import nullcontext

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import administered_sources
from appliance.sources.access import get_known_source_for_user, operator_scope, scope_of
from appliance.sources.explaining import answer_why, cleaned
from indexer.wall import as_appliance


@require_safe
def why_page(request: SignedInRequest, name: str) -> HttpResponse:
    """Explain a path: to who manages the source any, to a reader what they may read; else 404."""
    source = get_known_source_for_user(request.user, name)
    manages = administered_sources(request.user).filter(pk=source.pk).exists()
    reader_scope = scope_of(request.user)
    scope = operator_scope() if manages else reader_scope
    path = cleaned(request.GET.get("path", ""))
    with as_appliance() if manages else nullcontext():
        explanation = answer_why(source, path, scope, for_staff=manages) if path else None
    if path and explanation is None:
        raise Http404
    context = {
        "source": source,
        "path": path,
        "explanation": explanation,
        "manages": manages,
        "can_open": reader_scope.allows(source.pk, path),
    }
    return render(request, "sources/why.html", context)
