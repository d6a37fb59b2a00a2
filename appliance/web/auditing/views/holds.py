"""Legal holds: which stand, a new one, and lifting one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from appliance.audit.actions import Action
from appliance.audit.holds import kept_by, lift_hold, set_hold, what_is_kept
from appliance.audit.models import Hold
from appliance.audit.recording import Target, record
from appliance.web.auditing.forms import HoldForm, LiftForm
from appliance.web.auditing.views.records import audited


@audited
@require_http_methods(["GET", "HEAD", "POST"])
def hold_list(request: HttpRequest) -> HttpResponse:
    """Show the holds; a POST sets one."""
    form = HoldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        hold = set_hold(**form.cleaned_data)
        count = kept_by(hold)
        tell = messages.success if count else messages.warning
        tell(request, what_is_kept(hold, count))
        return redirect("audit_holds")
    record(Action.AUDIT_READ, target=Target("page", "holds"))
    context = {"holds": Hold.objects.all(), "form": form}
    return render(request, "audit/holds.html", context, status=400 if form.errors else 200)


@audited
@require_POST
def hold_lift(request: HttpRequest, hold_id: int) -> HttpResponse:
    hold = get_object_or_404(Hold, pk=hold_id, lifted_at=None)
    form = LiftForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why the hold is lifted.")
        return redirect("audit_holds")
    lift_hold(hold, form.cleaned_data["reason"])
    messages.success(request, f"The hold on {hold.kind} {hold.name} is lifted.")
    return redirect("audit_holds")
