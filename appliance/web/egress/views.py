"""The page on the air gap: what each service found, its history, and the signed export."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.models import Role
from appliance.accounts.roles import role_required
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.web.egress.attesting import export, is_signed
from appliance.web.egress.counters import read_counters
from appliance.web.egress.looking import PASSED, look, newest_runs
from appliance.web.models import EgressRun

HISTORY = 40
EXPORTED_DAYS = 90
STATES = {"sealed": "ok", "accepted": "warning", "open": "failed", "unknown": "warning"}


@role_required(Role.ADMIN)
@require_safe
def egress(request: HttpRequest) -> HttpResponse:
    """Show what each service found last, what it tried, and the looks before."""
    newest = newest_runs()
    context = {
        "newest": [(run, STATES[run.verdict], is_signed(run)) for run in newest],
        "history": [(run, STATES[run.verdict]) for run in EgressRun.objects.all()[:HISTORY]],
        "dropped": read_counters(),
        "mode": settings.EGRESS,
        "accepted": settings.EGRESS_ACCEPTED,
        "is_sealed": bool(newest) and all(run.verdict == "sealed" for run in newest),
        "days": EXPORTED_DAYS,
    }
    return render(request, "web/egress.html", context)


@role_required(Role.ADMIN)
@require_POST
def egress_look(request: HttpRequest) -> HttpResponse:
    """Have the service that answers pages look now; takes a few seconds."""
    report = look("web")
    tell = messages.success if report.verdict in PASSED else messages.error
    tell(request, report.sentence)
    return redirect("egress")


@role_required(Role.ADMIN)
@require_POST
def egress_export(request: HttpRequest) -> HttpResponse:
    """Send the looks of the last months, signed."""
    record(Action.EGRESS_EXPORTED, target=Target("page", "egress"), details={"days": EXPORTED_DAYS})
    response = JsonResponse(export(EXPORTED_DAYS), json_dumps_params={"indent": 2})
    name = f"plumbline-egress-{timezone.now():%Y-%m-%d}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
