"""The tables of the page of insight as rows for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from appliance.conversations.curating.report import report
from appliance.web.insight.counting import Row, Table, quality_in, usage_in
from appliance.web.insight.holdings import Holding, holdings
from appliance.web.insight.period import Period

Cells = Sequence[object]

USAGE = ("questions", "searches", "code_searches")
QUALITY = (
    "questions", "not_found", "failed", "supported", "doubtful", "unsupported", "good", "bad",
)  # fmt: skip


def usage_sheet(period: Period) -> list[Cells]:
    return [
        (period.unit, "people", *USAGE),
        *(_cells(row, USAGE) for row in usage_in(period).rows),
    ]


def quality_sheet(period: Period) -> list[Cells]:
    head = (period.unit, "people", *QUALITY, "first_words_p50", "first_words_p95", "seconds_p50")
    table: Table = quality_in(period)
    return [head, *((*_cells(row, QUALITY), *_waits(row)) for row in table.rows)]


def coverage_sheet(period: Period) -> list[Cells]:
    """Return what is held now, whatever the stretch of time."""
    rows = [
        (one.name, one.files, one.skipped,
         "; ".join(f"{reason}: {count}" for reason, count in one.reasons),
         "yes" if one.is_granted else "no")
        for one in holdings().sources
    ]  # fmt: skip
    return [("source", "files", "skipped", "reasons", "granted"), *rows]


def freshness_sheet(period: Period) -> list[Cells]:
    """Return what is held now, whatever the stretch of time."""
    head = ("source", "state", "compared_at", "committed_at", "live_at", "lag_s")
    return [head, *(_fresh(one) for one in holdings().sources)]


def unanswered_sheet(period: Period) -> list[Cells]:
    """Return the weeks of the report, whatever the stretch of time."""
    rows = [(one.name, one.not_found, one.missing) for one in report().rows]
    return [("source", "not_found", "said_to_be_there"), *rows]


SHEETS: Mapping[str, Callable[[Period], list[Cells]]] = {
    "usage": usage_sheet,
    "quality": quality_sheet,
    "coverage": coverage_sheet,
    "freshness": freshness_sheet,
    "unanswered": unanswered_sheet,
}


def _cells(row: Row, names: Sequence[str]) -> Cells:
    """Return a line; what may not be told is left empty, which nought is not."""
    told = [row.told(name) for name in names]
    return (row.start.isoformat(), row.people, *("" if one is None else one for one in told))


def _waits(row: Row) -> Cells:
    return [_rounded(row.first_words_p50), _rounded(row.first_words_p95), _rounded(row.seconds_p50)]


def _fresh(one: Holding) -> Cells:
    moments = (one.checked_at, one.committed_at, one.live_at)
    told = [moment.isoformat() if moment else "" for moment in moments]
    return (one.name, one.state, *told, _rounded(one.lag_s))


def _rounded(seconds: float | None) -> object:
    return "" if seconds is None else round(seconds, 2)
