"""The plots of the page of insight."""

from __future__ import annotations

from appliance.web.insight.counting import Table
from appliance.web.insight.holdings import Holdings
from appliance.web.insight.period import Period
from appliance.web.managing.bars import BAD, GOOD, PLAIN, SOFT, Bars, Series, bars_of


def usage_plots(table: Table, period: Period) -> list[Bars]:
    people = [row.people for row in table.rows]
    return _drawn(
        period,
        ("Questions", [Series("questions", PLAIN, table.values("questions"))]),
        (
            "Searches",
            [
                Series("by meaning", PLAIN, table.values("searches")),
                Series("code", SOFT, table.values("code_searches")),
            ],
        ),
        ("People", [Series(f"people (each {period.unit} anew)", PLAIN, people)]),
    )


def quality_plots(table: Table, period: Period) -> list[Bars]:
    return _drawn(
        period,
        (
            "Cited sentences",
            [
                Series("supported", GOOD, table.values("supported")),
                Series("doubtful", SOFT, table.values("doubtful")),
                Series("unsupported", BAD, table.values("unsupported")),
            ],
        ),
        ("Not found", [Series("questions without an answer", SOFT, table.values("not_found"))]),
        (
            "Opinions",
            [
                Series("good", GOOD, table.values("good")),
                Series("bad", BAD, table.values("bad")),
            ],
        ),
    )


def age_plot(found: Holdings) -> Bars | None:
    labels = [
        f"within {name}" if name not in {"longer", "never"} else name for name, _ in found.ages
    ]
    counts = [count for _, count in found.ages]
    return bars_of(
        "Sources by their last comparison with the origin",
        labels,
        [Series("sources", PLAIN, counts)],
        unit="groups",
    )


def _drawn(period: Period, *wanted: tuple[str, list[Series]]) -> list[Bars]:
    labels = [f"{start:%Y-%m-%d}" for start in period.starts]
    plots = (
        bars_of(f"{title} by {period.unit}", labels, series, unit=f"{period.unit}s")
        for title, series in wanted
    )
    return [plot for plot in plots if plot]
