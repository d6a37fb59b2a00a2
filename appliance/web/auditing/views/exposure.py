"""Who has been shown which lines, and what a person was shown: as pages and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.audit.actions import Action
from appliance.audit.exposure import shown_to, who_was_shown
from appliance.audit.models import Exposure
from appliance.audit.recording import Target, record
from appliance.common.spreadsheets import harmless
from appliance.web.auditing.forms import LinesForm, PersonForm, SpanForm
from appliance.web.auditing.listing import page_of
from appliance.web.auditing.views.records import audited

COLUMNS = (
    "at", "person", "source", "path", "first_line", "last_line", "commit", "allowed_by", "action",
    "record",
)  # fmt: skip


@audited
@require_safe
def lines_page(request: HttpRequest) -> HttpResponseBase:
    """Answer "who has been shown these lines since then?"."""
    form = LinesForm(request.GET)
    rows = None
    if form.is_valid() and form.cleaned_data["path"]:
        since, until = form.span
        rows = who_was_shown(
            form.cleaned_data["source"],
            form.cleaned_data["path"],
            lines=form.lines,
            since=since,
            until=until,
        )
    return _answer(request, form, rows, "audit/lines.html")


@audited
@require_safe
def person_page(request: HttpRequest) -> HttpResponseBase:
    """Answer "what was this person shown?"."""
    form = PersonForm(request.GET)
    rows = None
    if form.is_valid() and form.cleaned_data["person"]:
        since, until = form.span
        rows = shown_to(form.cleaned_data["person"], since=since, until=until)
    return _answer(request, form, rows, "audit/person.html")


def _answer(
    request: HttpRequest, form: SpanForm, rows: QuerySet[Exposure] | None, template: str
) -> HttpResponseBase:
    wants_csv = rows is not None and "csv" in request.GET
    action = Action.AUDIT_EXPORTED if wants_csv else Action.AUDIT_READ
    page = template.removeprefix("audit/").removesuffix(".html")
    record(action, target=Target("page", page), details={"asked": form.told})
    if rows is not None and wants_csv:
        return _as_csv(rows)
    context: dict[str, Any] = {"form": form, "asked": rows is not None}
    if rows is not None:
        context["page"] = page_of(rows.select_related("event"), request.GET.get("before", ""))
        context["people"] = rows.order_by("actor").values("actor").distinct().count()
    return render(request, template, context, status=400 if form.errors else 200)


class _Line:
    """Gives back what a CSV writer writes."""

    def write(self, text: str) -> str:
        return text


def _as_csv(rows: QuerySet[Exposure]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="plumbline-shown.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _csv_lines(rows: QuerySet[Exposure]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for row in rows.select_related("event").iterator(chunk_size=1000):
        yield writer.writerow(
            [
                row.at.isoformat(),
                harmless(row.actor),
                harmless(row.source),
                harmless(row.path),
                row.first_line,
                row.last_line,
                row.commit,
                harmless(row.ground),
                row.event.action,
                row.event_id,
            ]
        )
