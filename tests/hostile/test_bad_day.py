"""A whole appliance on a bad day: `appliance.local.bench_faults`, and no fault is not survived."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.processes import ROOT

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(3600)]


def bad_day(*names: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
    """Try the faults with these words in their names; what this machine cannot do is skipped."""
    command = (sys.executable, "-m", "appliance.local.bench_faults", "--people", "4", *options)
    ended = subprocess.run(
        [*command, "--only", *names], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert ended.stdout.strip(), ended.stderr[-2000:]
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    if not told["faults"]:
        pytest.skip("; ".join(told["not_tried"].values()))
    problems = {one["name"]: one["problems"] for one in told["each"] if not one["missing"]}
    assert not any(problems.values()), problems
    assert told["survived"] == told["faults"], ended.stderr[-2000:]
    return told


def test_g11_a_database_that_is_killed_loses_nothing() -> None:
    told = bad_day("kill postgres", options=("--times", "50", "--seconds", "2"))
    assert told["faults"] == 50


def test_g12_a_database_that_is_away_is_waited_for() -> None:
    told = bad_day("database away", options=("--hold", "300"))
    refused = {name for name in told["requests"] if name.endswith(" 503")}
    assert {"search 503", "ask 503"} <= refused, told["requests"]
    # Two seconds on a machine that does nothing else; every request gives up after ten.
    assert told["slowest_refusal_s"] < 10


def test_g12_lines_to_the_database_may_break_and_it_may_stand_still() -> None:
    bad_day("database lines", "stop postgres")


def test_g13_a_full_disk_loses_nothing_and_work_goes_on_when_there_is_room() -> None:
    bad_day("disk full")


def test_g17_a_clock_that_jumps_loses_nothing_and_is_told_of() -> None:
    bad_day("clock", options=("--clock",))


def test_g02_every_other_program_may_be_killed_or_stand_still() -> None:
    bad_day("kill web", "kill worker", "kill scheduler", "kill valkey", "stop w", "stop scheduler")


def test_g08_a_queue_that_stands_still_or_is_emptied_loses_nothing() -> None:
    bad_day("stop valkey", "broker")


def test_e13_a_model_that_is_killed_or_stands_still_is_asked_again() -> None:
    bad_day("kill model", "stop model")


def test_g02_a_cut_of_power_loses_nothing() -> None:
    bad_day("everything", "network slow")


def test_losing_each_program_while_answers_are_followed_leaves_no_reader_without_an_end() -> None:
    told = bad_day("kill", options=("--streams", "20"))
    open_then = {one["name"]: one["streams"]["followed"] for one in told["each"]}
    assert min(open_then.values()) > 0, open_then
    assert {one["streams"]["silent"] for one in told["each"]} == {0}
