"""The page of insight, and its tables to take away. Counts alone: nobody's name or question."""

from __future__ import annotations

import csv

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from appliance.accounts.models import Role
from appliance.accounts.roles import role_required
from appliance.common.spreadsheets import harmless
from appliance.conversations.curating.report import report
from appliance.web.insight.counting import FEWEST_PEOPLE, quality_in, usage_in
from appliance.web.insight.holdings import holdings
from appliance.web.insight.period import CHOICES, Period
from appliance.web.insight.plots import age_plot, quality_plots, usage_plots
from appliance.web.insight.sheets import SHEETS

SHOWN_SOURCES = 25
SHOWN_UNANSWERED = 10


@role_required(Role.ADMIN)
@require_safe
def insight(request: HttpRequest) -> HttpResponse:
    """Show use, freshness, coverage, quality and what was not answered."""
    period = Period.read(request.GET.get("days", ""))
    usage, quality, held = usage_in(period), quality_in(period), holdings()
    unanswered = report()
    context = {
        "period": period,
        "choices": CHOICES,
        "fewest": FEWEST_PEOPLE,
        "usage": usage,
        "usage_plots": usage_plots(usage, period),
        "quality": quality,
        "quality_plots": quality_plots(quality, period),
        "held": held,
        "sources": held.sources[:SHOWN_SOURCES],
        "age_plot": age_plot(held),
        "unanswered": unanswered.rows[:SHOWN_UNANSWERED],
        "unanswered_plot": unanswered.plot if unanswered.rows else None,
        "weeks": unanswered.weeks,
    }
    return render(request, "web/managing/insight.html", context)


@role_required(Role.ADMIN)
@require_safe
def sheet(request: HttpRequest, table: str) -> HttpResponse:
    """Give one of the tables as CSV."""
    period = Period.read(request.GET.get("days", ""))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"{table}-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(response).writerows(
        [harmless(cell) for cell in row] for row in SHEETS[table](period)
    )
    return response
