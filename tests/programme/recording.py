"""A plugin of pytest that writes down what became of each test: -p tests.programme.recording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

OPTION = "--programme-record"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, type=Path, help="append a line of JSON for each step of a test")


def pytest_configure(config: pytest.Config) -> None:
    record: Path | None = config.getoption(OPTION)
    # Under xdist the process that hands out the tests hears of all of them.
    if record is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(record))


class Recorder:
    def __init__(self, record: Path) -> None:
        self._record = record

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return  # what was prepared and cleared away well is no result
        self._write(report.nodeid, report.outcome, report.duration, _reason(report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._write(report.nodeid, "failed", 0.0, str(report.longrepr)[-500:])

    def _write(self, test: str, outcome: str, seconds: float, reason: str) -> None:
        line = {"test": test, "outcome": outcome, "seconds": seconds, "reason": reason}
        with self._record.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    lines = [line for line in str(report.longrepr or "").splitlines() if line.startswith("E ")]
    return " ".join(lines[0].split()[1:])[:300] if lines else ""
