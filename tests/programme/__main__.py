"""Run a gate of the test programme and write its report: python -m tests.programme GATE.

GATE is commit, nightly or release. The report lies in `.plumbline/programme` (--out), as Markdown
and as JSON. It is written anew after each part (A, B, ...), and rows that were not asked for stay as
they were observed before: `--only A G07` runs some, `--only rest` those that were not run or failed.
With --quick the slow forms of tests are left out, and each row says so.
Exit code 1 when a row failed or was not run, or has neither a test nor a reason why there is none.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import psutil

from tests import __main__ as suite
from tests.programme.keeping import choose, join, read_kept
from tests.programme.recording import OPTION
from tests.programme.reporting import (
    Observed,
    Report,
    Verdict,
    as_json,
    as_markdown,
    observe,
    read_outcomes,
)
from tests.programme.rows import ROOT, Gate, Proof, Row, read_proofs, read_rows

OUT = ROOT / ".plumbline/programme"
# What a gate leaves out by marker. Long ones run one after the other: they measure and count time.
MARKERS = {
    Gate.COMMIT: "not slow and not quality and not model",
    Gate.NIGHTLY: "not quality and not model",
    Gate.RELEASE: "not quality",
}
WITHOUT = "seen without the slow forms"
AT_ONCE = {Gate.COMMIT: 3, Gate.NIGHTLY: 1, Gate.RELEASE: 1}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.programme", description=__doc__)
    parser.add_argument("gate", type=Gate, choices=list(Gate))
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW")
    parser.add_argument("--without", nargs="+", default=[], metavar="ROW")
    parser.add_argument("--quick", action="store_true", help="without the slow forms")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    gate: Gate = options.gate
    if not prepare(gate):
        return 1
    report = run(gate, options)
    suite.say(f"The report: {options.out / gate}.md")
    return 0 if report.has_passed else 1


def prepare(gate: Gate) -> bool:
    """Bring what the tests need; what is not there is skipped, and the report says so."""
    try:
        suite.prepare_programs()
        suite.prepare_identity_providers()
        suite.prepare_extension()
        if gate is Gate.RELEASE:
            suite.prepare_models()
    except suite.NotPrepared as exc:
        suite.say(str(exc))
        return False
    return True


def run(gate: Gate, options: argparse.Namespace) -> Report:
    """Run part after part; what was observed is on disk before the next part begins."""
    rows = [row for row in read_rows() if row.gate in gate.gates]
    kept = read_kept(options.out / f"{gate}.json")
    chosen = choose(rows, options.only, kept)
    chosen = [row for row in chosen if row.name not in options.without]
    how = Gate.COMMIT if options.quick else gate
    proofs, new = read_proofs(), dict[str, Observed]()
    for _, part in groupby(chosen, key=lambda row: row.name[0]):
        seen = run_part(how, list(part), proofs)
        new |= {name: quickly(one) if options.quick else one for name, one in seen.items()}
        write(Report(gate, machine(), now(), join(rows, kept, new)), options.out)
    return Report(gate, machine(), now(), join(rows, kept, new))


def run_part(gate: Gate, rows: list[Row], proofs: dict[str, Proof]) -> dict[str, Observed]:
    tests = sorted({test for row in rows if row.name in proofs for test in proofs[row.name].tests})
    tested = commit()
    with tempfile.TemporaryDirectory(prefix="plumbline-programme-") as folder:
        record = Path(folder) / "record"
        if tests:
            subprocess.run(pytest_command(gate, record, tests), check=False, cwd=ROOT, stdout=2)
        outcomes = read_outcomes(record)
    return {row.name: observe(row, proofs.get(row.name), outcomes, commit=tested) for row in rows}


def quickly(row: Observed) -> Observed:
    """Say of a row what it was seen without; one that has slow forms alone was not run."""
    remark = "; ".join(part for part in (row.remark, WITHOUT) if part)
    is_bare = row.verdict is Verdict.FAILED and not row.counts
    return replace(row, remark=remark, verdict=Verdict.NOT_RUN if is_bare else row.verdict)


def write(report: Report, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{report.gate}.json").write_text(as_json(report), encoding="utf-8")
    (out / f"{report.gate}.md").write_text(as_markdown(report), encoding="utf-8")


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def pytest_command(gate: Gate, record: Path, tests: list[str]) -> list[str]:
    plugins = ("-p", "tests.grouping", "-p", "tests.programme.recording", OPTION, str(record))
    spread = ("-n", str(AT_ONCE[gate]), "--dist", "loadgroup")
    return [sys.executable, "-m", "pytest", "-q", "-m", MARKERS[gate], *plugins, *spread, *tests]


def commit() -> str:
    command = ("git", "describe", "--always", "--dirty")
    said = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def machine() -> str:
    memory_gb = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
