"""Small loads on a whole appliance: that nothing breaks, not how fast this machine is."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.processes import ROOT

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(3600)]


@cache
def measured() -> dict[str, Any]:
    """Run the load once for all tests of this file."""
    command = (sys.executable, "-m", "appliance.local.bench_load")
    options = ("--users", "2", "8", "32", "--streams", "8", "50", "--seconds", "10", "--soak", "2")
    ended = subprocess.run(
        [*command, *options], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert ended.stdout.strip(), ended.stderr[-2000:]
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


def test_l01_people_who_search_and_read_get_what_they_ask_for() -> None:
    assert [set(step["outcomes"]) for step in measured()["steps"]] == [{"200"}] * 3


def test_l02_fifty_answers_at_once_all_end_with_every_piece() -> None:
    for step in measured()["streams"]:
        assert (step["completed"], step["lost_events"]) == (step["at_once"], 0)


def test_l03_the_health_page_answers_while_everybody_asks() -> None:
    assert all(step["slowest_health_ms"] < 5000 for step in measured()["steps"])


def test_l04_who_floods_does_not_stop_the_others() -> None:
    flood = measured()["flood"]
    assert flood["beside_flood_p95_ms"] < 20 * max(flood["alone_p95_ms"], 100)


def test_l06_after_two_minutes_of_work_nothing_is_lost_and_nothing_has_piled_up() -> None:
    told = measured()
    assert told["problems"] == []
    assert told["waiting_second_half"] <= 2 * told["waiting_first_half"] + 20
    grown = {name: one["descriptors_grown"] for name, one in told["growth"].items()}
    assert {name: count for name, count in grown.items() if count > 40} == {}
