"""The work of the appliance as a list: what waits, runs, failed, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.db.models import Count, QuerySet

from appliance.sources.managing import request_sync
from indexer.models import Job


class JobsForm(forms.Form):
    """Which jobs to show; anything unknown is ignored, as a link of yesterday may hold it."""

    state = forms.ChoiceField(
        required=False, choices=[("", "Any state"), *Job.State.choices], label="State"
    )
    kind = forms.ChoiceField(
        required=False, choices=[("", "Any kind"), *Job.Kind.choices], label="Kind"
    )
    source = forms.CharField(required=False, max_length=200, label="Source")


@dataclass(frozen=True, slots=True)
class Retried:
    """What trying again came to, as a sentence."""

    says: str


def chosen_jobs(form: JobsForm) -> QuerySet[Job]:
    """Return the jobs that were asked for, newest first."""
    jobs = Job.objects.select_related("source").order_by("-pk")
    form.is_valid()  # cleaned_data holds what is valid, field by field
    wanted = form.cleaned_data
    if wanted.get("state"):
        jobs = jobs.filter(state=wanted["state"])
    if wanted.get("kind"):
        jobs = jobs.filter(kind=wanted["kind"])
    if wanted.get("source") and "\0" not in wanted["source"]:
        jobs = jobs.filter(source__name__icontains=wanted["source"])
    return jobs


def counts_by_state() -> list[tuple[str, str, int]]:
    """Return value, label and count of each state that has jobs."""
    rows = Job.objects.order_by().values_list("state").annotate(count=Count("pk"))
    counts = dict(rows)
    return [(s.value, s.label, counts[s]) for s in Job.State if counts.get(s)]


def retry(job: Job) -> Retried:
    """Queue the work of a failed job again: a sync, which embeds whatever is missing too."""
    if job.source.is_paused:
        return Retried(f"{job.source.name} is paused: resume it on its page first.")
    request_sync(job.source)
    return Retried(f"{job.source.name} is synced again.")


def retry_all_failed() -> int:
    """Queue a sync of each source whose newest job failed; return of how many."""
    newest = Job.objects.order_by("source_id", "-pk").distinct("source_id")
    failed = [
        job
        for job in newest.select_related("source")
        if job.state == Job.State.FAILED and not job.source.is_paused
    ]
    for job in failed:
        request_sync(job.source)
    return len(failed)
