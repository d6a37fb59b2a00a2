"""The record itself: a list to narrow, one record, its state, and the way out of the door."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.models import Role
from appliance.accounts.roles import role_required
from appliance.audit.actions import Action
from appliance.audit.chain import hash_of, is_sealed
from appliance.audit.exporting import events_between, lines_of
from appliance.audit.heads import known_heads
from appliance.audit.models import Event, Head, Verification
from appliance.audit.recording import Target, record
from appliance.audit.sinks.delivery import lags
from appliance.audit.tasks import verify
from appliance.audit.verifying import verify_and_note
from appliance.web.auditing.forms import ExportForm, FilterForm
from appliance.web.auditing.listing import LARGEST, events_like, page_of

AT_ONCE = 20_000  # records that are verified while one waits for the page; of more a worker does it

audited = role_required(Role.AUDITOR, Role.ADMIN)


@audited
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """List the records that fit the filters, newest first, below the state of the whole."""
    form = FilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    record(Action.AUDIT_READ, target=Target("page", "records"), details={"filters": form.told})
    span = form.span
    context = {
        "form": form,
        "is_narrow": bool(form.told),
        "page": page_of(events_like(wanted, span), request.GET.get("before", "")),
        "verified": Verification.objects.first(),
        "head": Head.objects.order_by("-sequence").first(),
        "lags": lags(),
        "export_form": ExportForm(),
    }
    return render(request, "audit/records.html", context, status=400 if form.errors else 200)


@audited
@require_safe
def audit_record(request: HttpRequest, sequence: int) -> HttpResponse:
    """Show all that one record holds, and whether it is as it was written."""
    if sequence > LARGEST:
        raise Http404
    event = get_object_or_404(Event, sequence=sequence)
    record(Action.AUDIT_READ, target=Target("audit record", str(sequence)))
    details = {name: value for name, value in event.details.items() if name != "shown"}
    context = {
        "event": event,
        "is_whole": hash_of(event) == event.hash and is_sealed(event),
        "details": [(name, _readable(value)) for name, value in sorted(details.items())],
        "shown": event.exposures.all(),
        "before": Event.objects.filter(sequence__lt=sequence).order_by("-sequence").first(),
        "after": Event.objects.filter(sequence__gt=sequence).order_by("sequence").first(),
    }
    return render(request, "audit/record.html", context)


def _readable(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@audited
@require_POST
def audit_verify(request: HttpRequest) -> HttpResponse:
    """Look whether the record is whole: at once, or of a long one by a worker."""
    record(Action.AUDIT_READ, target=Target("page", "verification"))
    newest = Event.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    if newest > AT_ONCE:
        _verify_later(request)
        return redirect("audit")
    report = verify_and_note(heads=known_heads())
    if report.problem:
        messages.error(request, report.problem.sentence)
    else:
        messages.success(request, f"Verified: {report.checked:,} records are whole.")
    return redirect("audit")


def _verify_later(request: HttpRequest) -> None:
    try:
        verify.delay()
    except verify.OperationalError:
        messages.error(
            request, "The queue does not answer: start it, or run: manage.py audit verify"
        )
    else:
        messages.success(request, "A worker verifies the record now: load this page again later.")


@audited
@require_POST
def audit_export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Send the records as JSON lines."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Write the days as 2026-03-01, and choose a format.")
        return redirect("audit")
    record(Action.AUDIT_EXPORTED, target=Target("page", "records"), details=form.told)
    shape = form.cleaned_data["format"]
    lines = (f"{line}\n" for line in lines_of(events_between(*form.span), shape))
    response = StreamingHttpResponse(lines, content_type="application/jsonl; charset=utf-8")
    name = f"plumbline-audit-{timezone.now():%Y-%m-%d}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
