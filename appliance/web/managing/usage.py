"""How the appliance is used, by day: counts, and nobody's words or name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import NamedTuple

from django.utils import timezone

from appliance.conversations.models import Feedback, Message
from appliance.web.managing.bars import BAD, GOOD, PLAIN, SOFT, Bars, Series, bars_of

DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """One day of answers. Seconds are to the end of an answer, as people wait for it."""

    date: date
    people: int
    answered: int
    not_found: int
    failed: int  # stopped ones are not: that was somebody's wish
    seconds_p50: float | None
    good: int
    bad: int

    @property
    def questions(self) -> int:
        return self.answered + self.not_found + self.failed


@dataclass(frozen=True, slots=True)
class Usage:
    days: tuple[Day, ...]  # oldest first, today last
    people: int
    questions: int
    not_found_share: float | None
    seconds_p50: float | None
    seconds_p95: float | None
    good: int
    bad: int
    plots: tuple[Bars, ...]


class _Answer(NamedTuple):
    day: date
    owner: int
    state: str
    not_found: bool
    seconds: float | None


def usage_of(now: datetime | None = None, days: int = DAYS) -> Usage:
    """Return the usage of the last days, today included."""
    today = timezone.localdate(now)
    dates = [today - timedelta(days=back) for back in range(days)][::-1]
    since = datetime.combine(dates[0], datetime.min.time(), tzinfo=timezone.get_current_timezone())
    answers = _answers(since)
    opinions = Counter(
        (timezone.localdate(at), is_good)
        for at, is_good in Feedback.objects.filter(updated_at__gte=since).values_list(
            "updated_at", "is_good"
        )
    )
    by_day: dict[date, list[_Answer]] = defaultdict(list)
    for answer in answers:
        by_day[answer.day].append(answer)
    rows = tuple(_day(day, by_day[day], opinions) for day in dates)
    seconds = sorted(one.seconds for one in answers if one.seconds is not None)
    questions = sum(row.questions for row in rows)
    return Usage(
        days=rows,
        people=len({one.owner for one in answers}),
        questions=questions,
        not_found_share=sum(row.not_found for row in rows) / questions if questions else None,
        seconds_p50=median(seconds) if seconds else None,
        seconds_p95=seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))] if seconds else None,
        good=sum(row.good for row in rows),
        bad=sum(row.bad for row in rows),
        plots=_plots(rows),
    )


def _answers(since: datetime) -> list[_Answer]:
    ended = {Message.State.DONE, Message.State.FAILED}
    found = Message.objects.filter(
        role=Message.Role.ANSWER, state__in=ended, created_at__gte=since
    ).values_list("created_at", "thread__owner", "state", "not_found", "seconds")
    return [
        _Answer(timezone.localdate(at), owner, state, not_found, seconds)
        for at, owner, state, not_found, seconds in found
    ]


def _day(day: date, answers: Sequence[_Answer], opinions: Counter[tuple[date, bool]]) -> Day:
    failed = sum(one.state == Message.State.FAILED for one in answers)
    not_found = sum(one.not_found for one in answers if one.state == Message.State.DONE)
    seconds = [one.seconds for one in answers if one.seconds is not None]
    return Day(
        date=day,
        people=len({one.owner for one in answers}),
        answered=len(answers) - failed - not_found,
        not_found=not_found,
        failed=failed,
        seconds_p50=median(seconds) if seconds else None,
        good=opinions[day, True],
        bad=opinions[day, False],
    )


def _plots(rows: Sequence[Day]) -> tuple[Bars, ...]:
    labels = [f"{row.date:%Y-%m-%d}" for row in rows]
    drawn = (
        bars_of(
            "Questions a day",
            labels,
            [
                Series("answered", PLAIN, [row.answered for row in rows]),
                Series("not found", SOFT, [row.not_found for row in rows]),
                Series("failed", BAD, [row.failed for row in rows]),
            ],
        ),
        bars_of(
            "People who asked",
            labels,
            [Series("people (each day anew)", PLAIN, [row.people for row in rows])],
        ),
        bars_of(
            "Opinions of answers",
            labels,
            [
                Series("good", GOOD, [row.good for row in rows]),
                Series("bad", BAD, [row.bad for row in rows]),
            ],
        ),
    )
    return tuple(one for one in drawn if one)
