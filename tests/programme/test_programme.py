"""The programme is whole: each row has tests or a reason, and a report hides no failure."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.programme.__main__ import quickly, write
from tests.programme.keeping import choose, join, read_kept
from tests.programme.recording import OPTION
from tests.programme.reporting import (
    Observed,
    Outcome,
    Report,
    Verdict,
    as_markdown,
    not_run,
    observe,
    read_outcomes,
)
from tests.programme.rows import ROOT, Gate, Proof, Row, read_proofs, read_rows

COUNTS = {"A": 20, "B": 18, "C": 16, "D": 14, "E": 14, "F": 10, "G": 21, "H": 14, "L": 6}
ROW = Row("G99", Gate.NIGHTLY, "kill it", "it comes back", "")
PROOF = Proof(("tests/test_g.py::test_kill", "tests/test_all.py"), "the rest")


def outcome(test: str, outcome: str, reason: str = "") -> Outcome:
    return Outcome(test, outcome, 1.0, reason)


def test_all_rows_are_there_once_and_in_order() -> None:
    expected = [f"{part}{n:02}" for part, count in COUNTS.items() for n in range(1, count + 1)]
    assert [row.name for row in read_rows()] == expected


def test_every_row_has_a_test_or_a_reason() -> None:
    proofs = read_proofs()
    bare = [r.name for r in read_rows() if not r.reason and not proofs.get(r.name, PROOF).tests]
    absent = [r.name for r in read_rows() if not r.reason and r.name not in proofs]
    assert bare + absent == []


def test_every_test_that_is_named_is_there() -> None:
    files = {test.split("::")[0] for proof in read_proofs().values() for test in proof.tests}
    assert len(files) > 60
    assert [file for file in sorted(files) if not (ROOT / file).exists()] == []
    named = {test for proof in read_proofs().values() for test in proof.tests if "::" in test}
    assert [test for test in sorted(named) if not is_there(*test.split("::"))] == []


def is_there(file: str, name: str) -> bool:
    """Return whether the file has the test; pytest runs none at all when one is missing."""
    return (
        re.search(rf"^\s*(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.M) is not None
    )


def test_each_gate_holds_the_ones_before_it() -> None:
    assert Gate.COMMIT.gates == (Gate.COMMIT,)
    assert Gate.RELEASE.gates == (Gate.COMMIT, Gate.NIGHTLY, Gate.RELEASE)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([outcome("tests/test_g.py::test_kill[9]", "passed")], Verdict.PASSED),
        ([outcome("tests/test_all.py::test_any", "passed")], Verdict.PASSED),
        (
            [
                outcome("tests/test_g.py::test_kill[1]", "passed"),
                outcome("tests/test_g.py::test_kill[2]", "failed"),
            ],
            Verdict.FAILED,
        ),
        ([outcome("tests/test_g.py::test_kill", "skipped", "no kill here")], Verdict.NOT_HERE),
        ([outcome("tests/test_other.py::test_kill", "passed")], Verdict.FAILED),
        ([], Verdict.FAILED),
    ],
)
def test_a_row_is_judged_by_its_tests(outcomes: list[Outcome], verdict: Verdict) -> None:
    assert observe(ROW, PROOF, outcomes).verdict == verdict


def test_a_row_without_tests_needs_a_reason() -> None:
    reasoned = Row("G99", Gate.NIGHTLY, "kill it", "it comes back", "there is none")
    assert observe(ROW, None, []).verdict == Verdict.NOTHING
    assert observe(reasoned, None, []).verdict == Verdict.NOT_HERE
    assert observe(reasoned, PROOF, [outcome("tests/test_all.py", "failed")]).verdict == "**no**"


def test_a_report_tells_what_failed_and_what_is_not_shown() -> None:
    failed = observe(ROW, PROOF, [outcome("tests/test_all.py::test_a|b", "failed", "1 == 2")])
    report = Report("nightly", "2 cores", "today", (failed,))
    text = as_markdown(report)
    assert not report.has_passed
    row = "| G99 | it comes back | 1 failed | 1 | **no** | the rest; tests/test_all.py::test_a\\|b"
    assert row in text
    assert "1 rows: 1 no." in text


def observed(row: Row, verdict: Verdict, commit: str) -> Observed:
    return replace(not_run(row), verdict=verdict, commit=commit)


def test_a_report_in_parts_keeps_what_was_observed_before(tmp_path: Path) -> None:
    rows = [replace(ROW, name=name) for name in ("A01", "A02", "G01", "G02")]
    first = {"A01": observed(rows[0], Verdict.PASSED, "abc")}
    first["G01"] = observed(rows[2], Verdict.FAILED, "abc")
    write(Report("nightly", "2 cores", "today", join(rows, {}, first)), tmp_path)

    kept = read_kept(tmp_path / "nightly.json")
    second = {"G01": observed(rows[2], Verdict.PASSED, "def")}
    report = Report("nightly", "2 cores", "today", join(rows, kept, second))

    verdicts = [Verdict.PASSED, Verdict.NOT_RUN, Verdict.PASSED, Verdict.NOT_RUN]
    assert [row.verdict for row in report.rows] == verdicts
    assert report.commits == "abc (1 rows), def (1 rows)"
    assert not report.has_passed
    assert "4 rows: 2 yes, 2 not run." in as_markdown(report)


def test_rows_are_chosen_by_name_by_part_or_as_what_is_still_to_do(tmp_path: Path) -> None:
    rows = [replace(ROW, name=name) for name in ("A01", "A02", "G01", "G02")]
    verdicts = (Verdict.PASSED, Verdict.FAILED, Verdict.NOT_HERE, Verdict.NOT_RUN)
    pairs = zip(rows, verdicts, strict=True)
    kept = {row.name: observed(row, verdict, "abc") for row, verdict in pairs}
    assert choose(rows, [], kept) == rows
    assert choose(rows, ["A02", "G"], kept) == [rows[1], rows[2], rows[3]]
    assert choose(rows, ["rest"], kept) == [rows[1], rows[3]]
    assert choose(rows, ["rest"], read_kept(tmp_path / "nightly.json")) == rows


def test_a_row_with_slow_forms_alone_is_not_run_quickly() -> None:
    assert quickly(observe(ROW, PROOF, [])).verdict == Verdict.NOT_RUN
    failed = quickly(observe(ROW, PROOF, [outcome("tests/test_all.py::test_any", "failed")]))
    assert failed.verdict == Verdict.FAILED
    assert failed.remark.endswith("seen without the slow forms")


def test_the_plugin_writes_down_each_outcome(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert 1 == 2\n"
        "def test_left(): pytest.skip('not today')\n"
    )
    record = tmp_path / "record"
    command = (sys.executable, "-m", "pytest", "-q", "-p", "tests.programme.recording")
    options = ("-p", "no:django", "-p", "no:cacheprovider", "-p", "no:randomly", "-n", "0")
    subprocess.run(
        [*command, *options, OPTION, str(record), "-c", "/dev/null", str(tmp_path)],
        check=False,
        cwd=ROOT,
        capture_output=True,
    )
    told = {one.test.split("::")[1]: (one.outcome, one.reason) for one in read_outcomes(record)}
    assert told["test_good"] == ("passed", "")
    assert told["test_bad"][0] == "failed"
    assert "1 == 2" in told["test_bad"][1]
    assert told["test_left"] == ("skipped", "not today")
