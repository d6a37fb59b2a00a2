"""The skipped files of a source as its page lists them: a file once, whatever refs hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, QuerySet

from appliance.sources.forms import SkippedFilterForm
from indexer.models import SkippedFile, Source
from indexer.skips import EXPLANATIONS, SkipReason

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Skipped:
    path: str
    why: str
    detail: str
    size_bytes: int
    refs: tuple[str, ...]  # in which it is skipped for this reason


def skipped_page(source: Source, form: SkippedFilterForm, number: str | None) -> Page[Any]:
    """Return one page of what was skipped; a filter that makes no sense narrows nothing."""
    page = Paginator(_narrowed(source, form), PER_PAGE).get_page(number)
    page.object_list = [
        Skipped(path, EXPLANATIONS[SkipReason(reason)], detail, size, tuple(refs))
        for path, reason, detail, size, refs in page.object_list
    ]
    return page


def _narrowed(source: Source, form: SkippedFilterForm) -> QuerySet[SkippedFile, Any]:
    skipped = SkippedFile.objects.filter(ref__source=source)
    if form.is_valid():
        if reason := form.cleaned_data["reason"]:
            skipped = skipped.filter(reason=reason)
        if path := form.cleaned_data["path"]:
            skipped = skipped.filter(path__icontains=path)
    once = skipped.order_by("path", "reason", "detail").values("path", "reason", "detail")
    told = once.annotate(size=Max("size_bytes"), refs=ArrayAgg("ref__name", order_by="ref__name"))
    return told.values_list("path", "reason", "detail", "size", "refs")


def skip_reasons(source: Source) -> list[dict[str, object]]:
    """Return how many files were skipped for each reason, most frequent first."""
    counts = (
        SkippedFile.objects.filter(ref__source=source)
        .values("reason")
        .annotate(files=Count("path", distinct=True))
        .order_by("-files")
    )
    return [{**row, "explanation": EXPLANATIONS[SkipReason(row["reason"])]} for row in counts]
