"""The page "why is this file not found?"."""

from __future__ import annotations

from contextlib import nullcontext

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.sources.access import get_known_source_for_user, operator_scope, scope_of
from appliance.sources.explaining import answer_why, cleaned
from indexer.wall import as_appliance


@require_safe
def why_page(request: SignedInRequest, name: str) -> HttpResponse:
    """Explain a path: to an admin any, to a reader what they may read; else 404."""
    is_staff = request.user.is_staff
    source = get_known_source_for_user(request.user, name)
    reader_scope = scope_of(request.user)
    scope = operator_scope() if is_staff else reader_scope
    path = cleaned(request.GET.get("path", ""))
    with as_appliance() if is_staff else nullcontext():
        explanation = answer_why(source, path, scope, for_staff=is_staff) if path else None
    if path and explanation is None:
        raise Http404
    context = {
        "source": source,
        "path": path,
        "explanation": explanation,
        "can_open": reader_scope.allows(source.pk, path),
    }
    return render(request, "sources/why.html", context)
