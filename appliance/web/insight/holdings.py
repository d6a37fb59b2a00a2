"""What the appliance holds: how fresh each source is, how much of it, and who may read any of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils import timezone

from appliance.sources.models import Grant, in_force
from appliance.sources.overview import SourceOverview, overviews_of
from indexer.models import SkippedFile, Source

# Since a source was last compared with its origin.
AGES = ((600, "10 minutes"), (3600, "an hour"), (24 * 3600, "a day"), (7 * 24 * 3600, "a week"))
OLDER, NEVER = "longer", "never"


@dataclass(frozen=True, slots=True)
class Holding:
    """One source."""

    name: str
    files: int
    skipped: int
    reasons: tuple[tuple[str, int], ...]  # the most frequent first
    is_granted: bool
    checked_at: datetime | None
    committed_at: datetime | None
    live_at: datetime | None
    lag_s: float | None  # from its newest commit to when that was searchable
    state: str

    @property
    def share(self) -> float | None:
        """Return the share of its files that can be searched."""
        return self.files / (self.files + self.skipped) if self.files + self.skipped else None


@dataclass(frozen=True, slots=True)
class Holdings:
    sources: tuple[Holding, ...]  # what needs a look first
    files: int
    skipped: int
    reasons: tuple[tuple[str, int], ...]
    ungranted: int
    ages: tuple[tuple[str, int], ...]  # how many sources were compared how long ago

    @property
    def share(self) -> float | None:
        return self.files / (self.files + self.skipped) if self.files + self.skipped else None


def holdings(now: datetime | None = None) -> Holdings:
    """Return all sources, in a handful of queries however many there are."""
    now = now or timezone.now()
    reasons = _reasons()
    granted = set(
        Grant.objects.filter(in_force(), allow=True).values_list("source__name", flat=True)
    )
    sources = [
        _holding(one, reasons.get(one.name, Counter()), one.name in granted)
        for one in overviews_of(Source.objects.all())
    ]
    sources.sort(key=lambda one: (one.is_granted, one.checked_at is not None,
                                  one.checked_at or now, one.name))  # fmt: skip
    totals: Counter[str] = Counter()
    for counts in reasons.values():
        totals.update(counts)
    return Holdings(
        tuple(sources),
        sum(one.files for one in sources),
        sum(one.skipped for one in sources),
        tuple(totals.most_common()),
        sum(not one.is_granted for one in sources),
        _ages(sources, now),
    )


def _holding(one: SourceOverview, reasons: Counter[str], is_granted: bool) -> Holding:
    lag = None
    if one.live_at and one.committed_at:
        lag = max(0.0, (one.live_at - one.committed_at).total_seconds())
    return Holding(
        name=one.name,
        files=one.files,
        skipped=one.skipped,
        reasons=tuple(reasons.most_common()),
        is_granted=is_granted,
        checked_at=one.checked_at,
        committed_at=one.committed_at,
        live_at=one.live_at,
        lag_s=lag,
        state=one.label,
    )


def _reasons() -> Mapping[str, Counter[str]]:
    """Return why files of each source's default ref were not indexed."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    rows = (
        SkippedFile.objects.filter(ref__is_default=True)
        .order_by()
        .values_list("ref__source__name", "reason")
        .annotate(files=Count("pk"))
    )
    for name, reason, files in rows:
        counted[name][reason.replace("_", " ")] = files
    return counted


def _ages(sources: Iterable[Holding], now: datetime) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for one in sources:
        counts[_age(one.checked_at, now)] += 1
    names = [*(name for _, name in AGES), OLDER, NEVER]
    return tuple((name, counts[name]) for name in names)


def _age(at: datetime | None, now: datetime) -> str:
    if at is None:
        return NEVER
    seconds = (now - at).total_seconds()
    return next((name for limit, name in AGES if seconds <= limit), OLDER)
