"""Pages about the appliance itself: its state, and the reader's choice of theme."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import administered_sources
from appliance.sources import listing
from appliance.sources.access import named_sources
from appliance.sources.overview import overviews_of
from appliance.web.health import check_all
from appliance.web.verdict import summary_of, worst_state

THEMES = {"light", "dark"}
SHOWN_SOURCES = 50  # the page is loaded anew every ten seconds
YEAR_S = 365 * 24 * 3600


@require_safe
def status(request: SignedInRequest) -> HttpResponse:
    """Show every service, and the sources that are this reader's business."""
    sources = named_sources(request.user)
    checks = check_all()
    overviews = sorted(overviews_of(sources), key=listing.SORTS["state"])
    context = {
        "checks": checks,
        "worst": worst_state(checks),
        "summary": summary_of(checks),
        "managed_names": set(administered_sources(request.user).values_list("name", flat=True)),
        "sources": overviews[:SHOWN_SOURCES],
        "source_count": len(overviews),
        "source_summary": listing.summary_of(overviews),
    }
    return render(request, "web/_status.html" if request.htmx else "web/status.html", context)


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer a load balancer: ok when this process can reach the database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("the database does not answer\n", "text/plain", status=503)
    return HttpResponse("ok\n", "text/plain")


@require_POST
@login_not_required
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark, or (anything else) whatever the device prefers."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("theme")
    if chosen in THEMES:
        secure = request.is_secure()
        response.set_cookie(
            "theme", chosen, max_age=YEAR_S, secure=secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
