"""Pages about the appliance itself: its state, and the reader's choice of theme."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.models import Role
from appliance.accounts.requests import SignedInRequest
from appliance.accounts.roles import administered_sources, has_role
from appliance.common.metrics import CONTENT_TYPE, exposition
from appliance.conversations.chatservers import ServerState, describe
from appliance.sources import listing
from appliance.sources.access import named_sources
from appliance.sources.overview import overviews_of
from appliance.web.health import check_all
from appliance.web.verdict import ordered, summary_of, worst_state

LOOKS = {"theme": {"light", "dark"}, "density": {"compact"}}
SHOWN_SOURCES = 50  # the page is loaded anew every ten seconds
LOOPBACK = {"127.0.0.1", "::1"}
PASSED_ON = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-Ip")
YEAR_S = 365 * 24 * 3600


@require_safe
def status(request: SignedInRequest) -> HttpResponse:
    """Show every service, and the sources that are this reader's business."""
    sources = named_sources(request.user)
    checks = check_all()
    overviews = sorted(overviews_of(sources), key=listing.SORTS["state"])
    context = {
        "checks": ordered(checks),
        "worst": worst_state(checks),
        "summary": summary_of(checks),
        "managed_names": set(administered_sources(request.user).values_list("name", flat=True)),
        "sources": overviews[:SHOWN_SOURCES],
        "source_count": len(overviews),
        "source_summary": listing.summary_of(overviews),
        "servers": chat_servers() if has_role(request.user, Role.ADMIN) else (),
    }
    return render(request, "web/_status.html" if request.htmx else "web/status.html", context)


def chat_servers() -> tuple[ServerState, ...]:
    """Return the model servers for an admin; none when the settings name none that can be asked."""
    try:
        return describe()
    except ValueError:  # the check of the chat model says what is wrong
        return ()


@require_safe
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Tell Prometheus; to all others there is no such page."""
    if not may_read_metrics(request):
        raise Http404
    return HttpResponse(exposition(), CONTENT_TYPE)


def may_read_metrics(request: HttpRequest) -> bool:
    """Say whether the token is right, or, without one, whether somebody on this machine asks.

    A proxy on this machine passes on everybody's requests: behind one there is no way but the token.
    """
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}")
    is_passed_on = settings.SECURE_TLS or any(name in request.headers for name in PASSED_ON)
    return not is_passed_on and request.META.get("REMOTE_ADDR") in LOOPBACK


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
    """Remember light, dark, or (anything else) whatever the device prefers; or how dense pages are."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    name = "density" if "density" in request.POST else "theme"
    chosen = request.POST.get(name, "")
    if chosen in LOOKS[name]:
        secure = request.is_secure()
        response.set_cookie(
            name, chosen, max_age=YEAR_S, secure=secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(name, samesite="Lax")
    return response
