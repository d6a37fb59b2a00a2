"""A worker that is handed nothing any more ends, and only such a worker."""

from __future__ import annotations

from appliance.web.watchdog import Watchdog


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_worker_that_is_handed_nothing_has_lost_its_line() -> None:
    clock = Clock()
    watchdog = Watchdog(240, clock)
    clock.now = 240
    assert not watchdog.has_lost_its_line()
    clock.now = 241
    assert watchdog.has_lost_its_line()


def test_each_message_begins_the_count_anew() -> None:
    clock = Clock()
    watchdog = Watchdog(240, clock)
    for moment in (200.0, 400.0):
        clock.now = moment
        watchdog.begin(task_id="x")
        watchdog.end(task_id="x")
        assert not watchdog.has_lost_its_line()
    clock.now = 641
    assert watchdog.has_lost_its_line()


def test_a_worker_in_the_middle_of_long_work_is_left_alone() -> None:
    clock = Clock()
    watchdog = Watchdog(240, clock)
    watchdog.begin(task_id="long")
    watchdog.begin(task_id="short")
    watchdog.end(task_id="short")
    clock.now = 20_000
    assert not watchdog.has_lost_its_line()
    watchdog.end(task_id="long")
    assert not watchdog.has_lost_its_line()
