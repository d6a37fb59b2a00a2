"""Counts by day or week, without those that would tell of one person.

What fewer than three people did in one day is not told: it counts into no week and no total either,
since the difference to what is told would give it away. Asking, searching and rating are counted
apart, so that one who asks does not hide among many who search. docs/decisions/0088-days-are-told-when-they-are-over.md
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import NamedTuple

from django.utils import timezone

from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.conversations.models import Feedback, Message
from appliance.web.insight.period import Period

FEWEST_PEOPLE = 3
SEARCHES = (Action.SEARCHED.value, Action.CODE_SEARCHED.value)
ASKING, SEARCHING, CODE, RATING = "asking", "searching", "searching code", "rating"
# What each count is a count of.
DOING: Mapping[str, str] = {
    **dict.fromkeys(
        ("questions", "not_found", "failed", "supported", "doubtful", "unsupported"), ASKING
    ),
    "searches": SEARCHING,
    "code_searches": CODE,
    "good": RATING,
    "bad": RATING,
}


class _Deed(NamedTuple):
    """One thing that somebody did or was given, and what it counts for."""

    day: date
    person: int
    doing: str
    counts: dict[str, int]
    first_words_s: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A day or a week, as far as it may be told."""

    start: date
    people: int  # behind what is told
    counts: Counter[str] = field(default_factory=Counter)
    hidden: frozenset[str] = frozenset()  # what too few people did on a day of it
    first_words_p50: float | None = None
    first_words_p95: float | None = None
    seconds_p50: float | None = None

    def told(self, name: str) -> int | None:
        """Return a count; None when all of it was done by too few people to be told."""
        count = self.counts[name]
        return None if not self.counts_of(DOING[name]) and DOING[name] in self.hidden else count

    def counts_of(self, doing: str) -> int:
        return sum(count for name, count in self.counts.items() if DOING[name] == doing)

    @property
    def shown(self) -> dict[str, int | None]:
        """Return all counts as they may be told."""
        return {name: self.told(name) for name in DOING}

    @property
    def share(self) -> dict[str, float | None]:
        """Return the shares that the page shows."""
        counts = self.counts
        checked = counts["supported"] + counts["doubtful"] + counts["unsupported"]
        return {
            "supported": counts["supported"] / checked if checked else None,
            "not_found": counts["not_found"] / counts["questions"] if counts["questions"] else None,
        }


@dataclass(frozen=True, slots=True)
class Table:
    rows: tuple[Row, ...]
    total: Row  # of what is told
    is_partial: bool  # something is not

    def values(self, name: str) -> list[int]:
        return [row.counts[name] for row in self.rows]


def usage_in(period: Period) -> Table:
    """Return questions, searches and people."""
    return _table(period, [*_questions(period), *_searches(period)])


def quality_in(period: Period) -> Table:
    """Return how answers came out: their citations, what was not found, opinions, and waits."""
    return _table(period, [*_answers(period), *_opinions(period)])


def _questions(period: Period) -> Iterable[_Deed]:
    asked = Message.objects.filter(role=Message.Role.ANSWER, created_at__range=period.moments)
    for at, owner in asked.values_list("created_at", "thread__owner"):
        yield _Deed(timezone.localdate(at), owner, ASKING, {"questions": 1})


def _searches(period: Period) -> Iterable[_Deed]:
    done = Event.objects.filter(
        action__in=SEARCHES, at__range=period.moments, actor_id__isnull=False
    )
    for at, person, action in done.values_list("at", "actor_id", "action"):
        is_code = action == Action.CODE_SEARCHED.value
        doing, name = (CODE, "code_searches") if is_code else (SEARCHING, "searches")
        yield _Deed(timezone.localdate(at), person or 0, doing, {name: 1})


def _answers(period: Period) -> Iterable[_Deed]:
    ended = Message.objects.filter(
        role=Message.Role.ANSWER,
        state__in=(Message.State.DONE, Message.State.FAILED),
        created_at__range=period.moments,
    )
    fields = ("created_at", "thread__owner", "state", "not_found", "seconds",
              "usage__first_words_s", "checks__counts")  # fmt: skip
    for at, owner, state, not_found, seconds, first_words, checked in ended.values_list(*fields):
        counts = {"questions": 1, "not_found": int(not_found),
                  "failed": int(state == Message.State.FAILED)}  # fmt: skip
        for verdict in ("supported", "doubtful", "unsupported"):
            counts[verdict] = int((checked or {}).get(verdict, 0))
        yield _Deed(timezone.localdate(at), owner, ASKING, counts, first_words, seconds)


def _opinions(period: Period) -> Iterable[_Deed]:
    given = Feedback.objects.filter(updated_at__range=period.moments)
    for at, person, is_good in given.values_list("updated_at", "person", "is_good"):
        yield _Deed(timezone.localdate(at), person, RATING, {"good" if is_good else "bad": 1})


def _table(period: Period, deeds: Sequence[_Deed]) -> Table:
    """Bring what may be told into its days or weeks."""
    people: dict[tuple[date, str], set[int]] = defaultdict(set)
    for deed in deeds:
        people[deed.day, deed.doing].add(deed.person)
    told: dict[date, list[_Deed]] = defaultdict(list)
    hidden: dict[date, set[str]] = defaultdict(set)
    for deed in deeds:
        start = period.start_of(deed.day)
        if len(people[deed.day, deed.doing]) >= FEWEST_PEOPLE:
            told[start].append(deed)
        else:
            hidden[start].add(deed.doing)
    rows = tuple(_row(start, told[start], hidden[start]) for start in period.starts)
    whole = [deed for of_start in told.values() for deed in of_start]
    untold = {doing for of_start in hidden.values() for doing in of_start}
    return Table(rows, _row(period.first, whole, untold), bool(untold))


def _row(start: date, deeds: Sequence[_Deed], hidden: Iterable[str]) -> Row:
    counts: Counter[str] = Counter()
    for deed in deeds:
        counts.update(deed.counts)
    first_words = sorted(one.first_words_s for one in deeds if one.first_words_s)
    seconds = [one.seconds for one in deeds if one.seconds is not None]
    return Row(
        start,
        len({deed.person for deed in deeds}),
        counts,
        frozenset(hidden),
        median(first_words) if first_words else None,
        _p95(first_words),
        median(seconds) if seconds else None,
    )


def _p95(ascending: Sequence[float]) -> float | None:
    at = min(len(ascending) - 1, int(0.95 * len(ascending)))
    return ascending[at] if ascending else None
