"""The stretch of time that a page of insight is about, in days or weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

CHOICES = (7, 30, 90, 365)  # days
BY_WEEK_FROM = 60  # days: more would not fit beside each other


@dataclass(frozen=True, slots=True)
class Period:
    """The last days that are over, each with its day or its week: of today every look would tell
    what somebody has done since the one before it."""

    days: int
    first: date
    last: date
    starts: tuple[date, ...]  # of each day or week, oldest first
    is_by_week: bool

    @classmethod
    def read(cls, text: str, now: datetime | None = None) -> Period:
        """Return the stretch that an address asks for; of anything odd 30 days."""
        days = next((choice for choice in CHOICES if str(choice) == text), 30)
        last = timezone.localdate(now) - timedelta(days=1)
        first = last - timedelta(days=days - 1)
        is_by_week = days > BY_WEEK_FROM
        if is_by_week:
            first = _monday(first)
        step = 7 if is_by_week else 1
        count = (last - first).days // step + 1
        starts = tuple(first + timedelta(days=step * at) for at in range(count))
        return cls(days, first, last, starts, is_by_week)

    @property
    def unit(self) -> str:
        return "week" if self.is_by_week else "day"

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """Return the first moment of it, and the last."""
        zone = timezone.get_current_timezone()
        return (
            datetime.combine(self.first, time.min, tzinfo=zone),
            datetime.combine(self.last, time.max, tzinfo=zone),
        )

    def start_of(self, day: date) -> date:
        """Return the start of the day or week that a day belongs to."""
        return _monday(day) if self.is_by_week else day


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
