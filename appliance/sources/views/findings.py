"""What was masked in a source, for admins: where to look, and what to do about it."""

from __future__ import annotations

from typing import cast

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.models import Role, User
from appliance.accounts.roles import role_required
from appliance.sources.access import get_administered_source, scope_of
from appliance.sources.findings import counts_of, masked_in, places_of
from indexer.models import Finding

PER_PAGE = 50


@role_required(Role.SOURCE_ADMIN, Role.ADMIN)
@require_safe
def findings_page(request: HttpRequest, name: str) -> HttpResponse:
    """List the masked places of live files; a filter that makes no sense narrows nothing."""
    if "\0" in name:  # PostgreSQL refuses to look for it
        raise Http404
    source = get_administered_source(request.user, name)
    counts = counts_of(source)
    kind, rule = request.GET.get("kind", ""), request.GET.get("rule", "")
    kind = kind if kind in Finding.Kind else ""
    rule = rule if rule in {one.rule for one in counts} else ""
    page = Paginator(masked_in(source, kind=kind, rule=rule), PER_PAGE).get_page(
        request.GET.get("page")
    )
    scope = scope_of(cast(User, request.user))
    context = {
        "source": source,
        "counts": counts,
        "kinds": [
            (value, label, sum(one.places for one in counts if one.kind == value))
            for value, label in Finding.Kind.choices
        ],
        "total": sum(one.places for one in counts),
        "kind": kind,
        "rule": rule,
        "page": page,
        # An admin opens only what they were granted, as everyone.
        "places": [
            (place, scope.allows(source.pk, place.path))
            for place in places_of(source, page.object_list)
        ],
    }
    return render(request, "sources/findings.html", context)
