"""Unanswered questions per source and week: numbers for every curator, and no question's words.

A question counts for the sources of the passages nearest to it; where none is near, for those that
it was narrowed to; else for none. docs/decisions/0029-what-curators-see.md
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from appliance.conversations.curating.models import Feedback
from appliance.conversations.models import Message, MessageEvidence
from appliance.sources.plots import Plot, plot_of

WEEKS = 12
NOWHERE = "No source in particular"
ELSEWHERE = "Other sources"  # those whose names the reader is not told


@dataclass(frozen=True, slots=True)
class SourceRow:
    name: str
    not_found: int
    missing: int  # answered, but somebody says that the answer is there and was not found
    newest: datetime


@dataclass(frozen=True, slots=True)
class Report:
    rows: tuple[SourceRow, ...]
    plot: Plot | None
    answers: int
    not_found: int
    missing: int
    weeks: int = WEEKS


@dataclass(frozen=True, slots=True)
class _Unanswered:
    pk: str
    created_at: datetime
    source_names: tuple[str, ...]
    not_found: bool


def report(now: datetime | None = None, *, known: Collection[str] | None = None) -> Report:
    """Return the report of the last weeks, the present one included, for somebody who may be told
    of the known sources; None: of all."""
    now = now or timezone.now()
    weeks = [_monday(now.date()) - timedelta(weeks=back) for back in range(WEEKS)][::-1]
    since = datetime.combine(weeks[0], datetime.min.time(), tzinfo=timezone.get_current_timezone())
    answers = Message.objects.filter(
        role=Message.Role.ANSWER, state=Message.State.DONE, created_at__gte=since
    )
    missing = _said_missing(since)
    unanswered = [
        _Unanswered(str(pk), created_at, tuple(names), not_found)
        for pk, created_at, names, not_found in answers.values_list(
            "pk", "created_at", "source_names", "not_found"
        )
        if not_found or str(pk) in missing
    ]
    totals = Counter(
        _monday(timezone.localdate(at)) for at in answers.values_list("created_at", flat=True)
    )
    return Report(
        rows=_rows(unanswered, known),
        plot=_plot(weeks, totals, unanswered),
        answers=sum(totals.values()),
        not_found=sum(one.not_found for one in unanswered),
        missing=sum(not one.not_found for one in unanswered),
    )


def _said_missing(since: datetime) -> set[str]:
    said = Feedback.objects.filter(
        is_good=False, reasons__contains=[Feedback.Reason.NOT_FOUND], message__created_at__gte=since
    )
    return {str(pk) for pk in said.values_list("message", flat=True)}


def _rows(
    unanswered: Iterable[_Unanswered], known: Collection[str] | None
) -> tuple[SourceRow, ...]:
    of_source: dict[str, list[_Unanswered]] = defaultdict(list)
    listed = list(unanswered)
    near = _nearest([one.pk for one in listed])
    for one in listed:
        names = near.get(one.pk) or one.source_names or (NOWHERE,)
        told = {name if _is_told(name, known) else ELSEWHERE for name in names}
        for name in told:
            of_source[name].append(one)
    rows = (
        SourceRow(
            name,
            sum(one.not_found for one in ones),
            sum(not one.not_found for one in ones),
            max(one.created_at for one in ones),
        )
        for name, ones in of_source.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.not_found - row.missing, row.name)))


def _is_told(name: str, known: Collection[str] | None) -> bool:
    return known is None or name == NOWHERE or name in known


def _nearest(pks: Iterable[str]) -> Mapping[str, set[str]]:
    """Return the sources of the passages that were near to each question, or stood in its prompt."""
    links = MessageEvidence.objects.filter(message__in=list(pks))
    near: dict[str, set[str]] = defaultdict(set)
    for pk, name in links.values_list("message", "evidence__source__name").distinct():
        near[str(pk)].add(name)
    return near


def _plot(
    weeks: list[date], totals: Mapping[date, int], unanswered: Iterable[_Unanswered]
) -> Plot | None:
    """Return the share of unanswered questions by week; a week without questions has no value."""
    not_found: Counter[date] = Counter()
    missing: Counter[date] = Counter()
    for one in unanswered:
        week = _monday(timezone.localdate(one.created_at))
        (not_found if one.not_found else missing)[week] += 1
    labels = [f"{week:%Y-%m-%d}" for week in weeks]
    series = {
        name: [counts[week] / totals[week] if totals.get(week) else None for week in weeks]
        for name, counts in (("not found", not_found), ("said to be there", missing))
    }
    return plot_of("Share of unanswered questions by week", labels, series, unit="weeks")


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
