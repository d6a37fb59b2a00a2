"""Few searches at a time, and nobody waits for ever."""

from __future__ import annotations

import threading

import pytest

from appliance.conversations.answering import queuing
from tests.waiting import wait_until


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queuing, "_free", threading.BoundedSemaphore(1))


def search(begun: threading.Event, ended: threading.Event) -> threading.Thread:
    def run() -> None:
        with queuing.turn():
            begun.set()
            ended.wait(60)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_the_next_begins_when_one_has_ended(
    one_at_a_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queuing, "PATIENCE_S", 600.0)
    begun, ended = (threading.Event(), threading.Event()), (threading.Event(), threading.Event())
    threads = [search(begun[0], ended[0])]
    assert begun[0].wait(60)
    threads.append(search(begun[1], ended[1]))
    assert not begun[1].wait(0.1)
    ended[0].set()
    assert begun[1].wait(60)
    ended[1].set()
    for thread in threads:
        thread.join(60)
    assert queuing._free.acquire(blocking=False)


def test_behind_a_search_that_hangs_one_goes_ahead_after_a_while(
    one_at_a_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queuing, "PATIENCE_S", 0.05)
    begun, ended = threading.Event(), threading.Event()
    hanging = search(begun, ended)
    assert begun.wait(60)
    with queuing.turn():
        assert hanging.is_alive()
    ended.set()
    hanging.join(60)
    # Who went ahead without a turn gave none back: the next finds exactly one.
    wait_until(lambda: queuing._free.acquire(blocking=False), "the turn")
    assert not queuing._free.acquire(blocking=False)


def test_a_search_that_breaks_gives_its_turn_back(one_at_a_time: None) -> None:
    with pytest.raises(ValueError, match="broken"), queuing.turn():
        raise ValueError("broken")
    assert queuing._free.acquire(blocking=False)
