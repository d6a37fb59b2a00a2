"""The cache of what was read for searches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from indexer.retrieval.kept import Kept


@dataclass(frozen=True)
class Thing:
    nbytes: int


def test_a_value_is_made_once_for_many_that_ask_at_once() -> None:
    made: list[int] = []

    def make() -> Thing:
        made.append(1)
        return Thing(1)

    kept: Kept[str, Thing] = Kept(10)
    with ThreadPoolExecutor(8) as threads:
        values = list(threads.map(lambda _: kept.get("key", make), range(50)))
    assert len(made) == 1
    assert set(map(id, values)) == {id(values[0])}


def test_what_was_asked_for_least_recently_goes_when_there_is_no_room() -> None:
    kept: Kept[str, Thing] = Kept(10)
    first, second = (kept.get(key, lambda: Thing(4)) for key in ("first", "second"))
    assert kept.get("first", lambda: Thing(0)) is first
    kept.get("third", lambda: Thing(4))
    assert kept.get("first", lambda: Thing(0)) is first
    assert kept.get("second", lambda: Thing(0)) is not second


def test_what_is_larger_than_all_the_room_is_still_given() -> None:
    kept: Kept[str, Thing] = Kept(10)
    assert kept.get("large", lambda: Thing(99)).nbytes == 99
