"""The report of a gate: what each row expects, what was observed, and whether it passed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tests.programme.rows import Proof, Row

TITLES = ("", "expected", "observed", "seconds", "pass", "not shown, or why not")


class Verdict(StrEnum):
    PASSED = "yes"
    FAILED = "**no**"
    NOT_HERE = "not here"  # with a reason that stands in docs/programme.md, or that a test gave
    NOTHING = "**no test**"
    NOT_RUN = "**not run**"  # in none of the runs that this report was made of


GOOD = (Verdict.PASSED, Verdict.NOT_HERE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test."""

    test: str  # with its parameters
    outcome: str
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of the tests of a row."""

    name: str
    gate: str
    expected: str
    counts: dict[str, int]
    seconds: float
    verdict: Verdict
    remark: str
    commit: str = ""

    @property
    def told(self) -> str:
        return ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items()) or "-"


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of one gate, from one run of it or from several."""

    gate: str
    machine: str
    ended_at: str
    rows: tuple[Observed, ...]

    @property
    def has_passed(self) -> bool:
        return all(row.verdict in GOOD for row in self.rows)

    @property
    def seconds(self) -> float:
        return sum(row.seconds for row in self.rows)

    @property
    def commits(self) -> str:
        """Name what was tested: one commit, or several with how many rows were observed at each."""
        counts = Counter(row.commit for row in self.rows if row.commit)
        if len(counts) == 1:
            return next(iter(counts))
        return ", ".join(f"{commit} ({count} rows)" for commit, count in counts.items()) or "none"


def read_outcomes(record: Path) -> list[Outcome]:
    if not record.exists():
        return []
    return [Outcome(**json.loads(line)) for line in record.read_text("utf-8").splitlines()]


def not_run(row: Row) -> Observed:
    return Observed(row.name, row.gate, row.expected, {}, 0.0, Verdict.NOT_RUN, row.reason)


def observe(
    row: Row, proof: Proof | None, outcomes: Sequence[Outcome], *, commit: str = ""
) -> Observed:
    """Judge a row by its tests; one that fails is never made up for by others that pass."""
    tests = proof.tests if proof else ()
    own = [one for one in outcomes if one.test.split("[", 1)[0].startswith(tests)] if tests else []
    counts = Counter(one.outcome for one in own)
    skipped = sorted({one.reason for one in own if one.outcome == "skipped"})
    failed = [f"{one.test}: {one.reason}" for one in own if one.outcome == "failed"]
    shown = (row.reason, proof.not_shown if proof else "", *skipped, *failed)
    remark = "; ".join(part for part in shown if part)
    seconds = round(sum(one.seconds for one in own), 1)
    verdict = _verdict(row, bool(tests), counts)
    told = dict(counts)
    return Observed(row.name, row.gate, row.expected, told, seconds, verdict, remark, commit)


def _verdict(row: Row, has_tests: bool, counts: Mapping[str, int]) -> Verdict:
    if counts.get("failed"):
        return Verdict.FAILED
    if counts.get("passed"):
        return Verdict.PASSED
    if row.reason or counts.get("skipped"):
        return Verdict.NOT_HERE
    # Named, and not one of them was run: the row stands for nothing.
    return Verdict.FAILED if has_tests else Verdict.NOTHING


def as_json(report: Report) -> str:
    return json.dumps(asdict(report), indent=1) + "\n"


def as_markdown(report: Report) -> str:
    verdicts = Counter(row.verdict for row in report.rows)
    counted = ", ".join(f"{count} {verdict.strip('*')}" for verdict, count in verdicts.items())
    lines = [
        f"# The test programme: {report.gate}",
        "",
        f"{report.ended_at}, commit {report.commits}, {report.machine}; {report.seconds:.0f} s. "
        f"{len(report.rows)} rows: {counted}.",
        "",
        _line(TITLES),
        _line(["---"] * len(TITLES)),
        *map(_row, report.rows),
    ]
    return "\n".join(lines) + "\n"


def _row(row: Observed) -> str:
    return _line((row.name, row.expected, row.told, f"{row.seconds:g}", row.verdict, row.remark))


def _line(cells: Sequence[str]) -> str:
    # Bars within a cell: already escaped in what is expected, never in what pytest says.
    cells = [cell.replace("\\|", "|").replace("|", "\\|").replace("\n", " ") for cell in cells]
    return "| " + " | ".join(cells) + " |"
