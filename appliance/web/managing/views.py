"""Pages for admins about the appliance as a whole: overview, jobs, settings."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.models import Role
from appliance.accounts.roles import role_required
from appliance.conversations.curating.report import report
from appliance.sources import listing
from appliance.sources.evaluating import plots_of
from appliance.sources.overview import overviews_of
from appliance.web.health import check_all
from appliance.web.insight.counting import FEWEST_PEOPLE, quality_in
from appliance.web.insight.period import Period
from appliance.web.insight.plots import quality_plots
from appliance.web.managing.jobs import (
    JobsForm,
    chosen_jobs,
    counts_by_state,
    retry,
    retry_all_failed,
)
from appliance.web.managing.values import sections
from appliance.web.verdict import summary_of, worst_state
from indexer.evaluation.summary import ALL
from indexer.models import Job, Source

JOBS_A_PAGE = 50
SHOWN_SOURCES = 8
SHOWN_UNANSWERED = 8


@role_required(Role.ADMIN)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show what an admin looks at first: health, freshness, usage, quality, what is not answered."""
    checks = check_all()
    overviews = sorted(overviews_of(Source.objects.all()), key=listing.SORTS["state"])
    unanswered = report()
    period = Period.read("")
    answers = quality_in(period)
    context = {
        "checks": [check for check in checks if check.state in {"failed", "warning"}],
        "worst": worst_state(checks),
        "summary": summary_of(checks),
        "sources": overviews[:SHOWN_SOURCES],
        "source_summary": listing.summary_of(overviews),
        "job_counts": counts_by_state(),
        "period": period,
        "fewest": FEWEST_PEOPLE,
        "answers": answers.total,
        "answer_plots": quality_plots(answers, period),
        "quality": [plot for plot in plots_of(ALL) if plot],
        "unanswered": unanswered.rows[:SHOWN_UNANSWERED],
        "weeks": unanswered.weeks,
    }
    return render(request, "web/managing/overview.html", context)


@role_required(Role.ADMIN)
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    """Show the work that waits, runs and ended."""
    form = JobsForm(request.GET)
    page = Paginator(chosen_jobs(form), JOBS_A_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    rows = [
        (job, job.seconds_left(now) if job.state == Job.State.RUNNING else None) for job in page
    ]
    context = {"form": form, "page": page, "rows": rows, "counts": counts_by_state()}
    return render(request, "web/managing/jobs.html", context)


@role_required(Role.ADMIN)
@require_POST
def job_retry(request: HttpRequest, job_id: int) -> HttpResponse:
    """Try the work of one job again."""
    job = get_object_or_404(Job.objects.select_related("source"), pk=job_id)
    messages.info(request, retry(job).says)
    return HttpResponseRedirect(reverse("jobs"))


@role_required(Role.ADMIN)
@require_POST
def jobs_retry(request: HttpRequest) -> HttpResponse:
    """Try again what failed last, of every source."""
    count = retry_all_failed()
    said = (
        f"{count} source{'' if count == 1 else 's'} synced again." if count else "Nothing failed."
    )
    messages.info(request, said)
    return HttpResponseRedirect(reverse("jobs"))


@role_required(Role.ADMIN)
@require_safe
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show each setting with its value and what it does."""
    return render(request, "web/managing/settings.html", {"sections": sections()})
