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
def measured(*options: str) -> dict[str, Any]:
    """Run the load once for all tests that look at it."""
    command = (sys.executable, "-m", "appliance.local.bench_load", *options)
    ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert ended.stdout.strip(), ended.stderr[-2000:]
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


def everything() -> dict[str, Any]:
    steps = ("--users", "2", "8", "32", "--streams", "8", "50", "--vanish", "20", "--fill", "300")
    return measured(*steps, "--seconds", "10", "--soak", "2")


def test_l01_people_who_search_and_read_get_what_they_ask_for() -> None:
    assert [set(step["outcomes"]) for step in everything()["steps"]] == [{"200"}] * 3
    assert [step["wrong"] for step in everything()["steps"]] == [[]] * 3


def test_l02_fifty_answers_at_once_all_end_with_every_piece() -> None:
    for step in everything()["streams"]:
        assert (step["completed"], step["lost_events"]) == (step["at_once"], 0)


def test_l02_of_fifty_answers_twenty_readers_may_leave() -> None:
    told = everything()["vanished"]
    assert (told["completed"], told["lost_events"]) == (30, 0)
    assert told["ended"] == 20  # for when they come back
    assert told["streams_freed_s"] is not None


def test_l03_the_health_page_answers_while_everybody_asks() -> None:
    assert all(step["slowest_health_ms"] < 5000 for step in everything()["steps"])


def test_l03_behind_too_much_it_is_as_usual_again() -> None:
    assert everything()["normal_after_s"] is not None


def test_l04_who_floods_does_not_stop_the_others() -> None:
    told = measured("--flood", "--seconds", "30")
    assert told["flood"]["flooder"]["429"] > 0
    assert set(told["flood"]["others"]) == {"200"}
    assert told["problems"] == []


def test_l05_people_search_while_a_source_is_read() -> None:
    told = everything()["fill"]
    assert set(told["outcomes"]) == {"200"}
    assert told["chunks"] > told["files"] == 300


def test_l06_after_two_minutes_of_work_nothing_is_lost_and_nothing_has_piled_up() -> None:
    told = everything()
    assert told["problems"] == []
    assert told["waiting_second_half"] <= 2 * told["waiting_first_half"] + 20
    grown = {name: one["processes_grown"] for name, one in told["growth"].items()}
    assert {name: count for name, count in grown.items() if count > 10} == {}
    # A connection of PostgreSQL keeps up to a thousand files open: those are no leak of ours.
    grown = {name: one["descriptors_grown"] for name, one in told["growth"].items()}
    assert {name: count for name, count in grown.items() if count > 40 and name != "postgres"} == {}
