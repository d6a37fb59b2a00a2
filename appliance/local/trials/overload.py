"""What comes of too much: people who leave in the middle, one who floods, and the time afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from appliance.local.trials.checking import wait_until
from appliance.local.trials.pushing import (
    STREAM_TIMEOUT_S,
    Step,
    Tally,
    ask,
    events_of,
    ms,
    push,
    run_for,
    share,
    timed,
)
from appliance.local.trials.using import client_of
from appliance.local.trials.world import SEARCH, Person, World

FREED_WITHIN_S, NORMAL_WITHIN_S = 60.0, 300.0
NORMAL_S = 3.0  # of each look at whether it is as usual again
LONGEST_QUERY = " ".join([SEARCH] * 12)  # below the limit of a query's characters
FLOODERS, FLOOD_EVERY_S = 20, 0.2  # a hundred requests a second
WORKERS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Vanished:
    """What became of answers of which some readers left after their first words."""

    at_once: int
    gone: int
    completed: int  # of those who stayed
    lost_events: int
    ended: int  # answers of those who left: written to their end, for when they come back
    streams_freed_s: float | None  # until nothing was open for anybody; None: not within the limit


@dataclass(frozen=True, slots=True)
class Flood:
    """What a flood of one person's requests did to that person and to twenty others."""

    alone_p95_ms: float
    beside_p95_ms: float
    others: dict[str, int]  # outcomes
    flooder: dict[str, int]
    flood_requests_per_s: float


@dataclass(slots=True)
class _Heard:
    whole: list[bool] = field(default_factory=list)  # of those who stayed: do the pieces add up?
    left: list[tuple[Person, str]] = field(default_factory=list)  # and which answer they left


def vanish(world: World, people: Sequence[Person], count: int, gone: int) -> Vanished:
    """Ask so many questions at once; so many of those who asked hang up after the first words."""
    heard, start = _Heard(), threading.Barrier(count)

    def follow(number: int) -> None:
        start.wait()
        _follow(world, people[number % len(people)], heard, leaves=number < gone)

    _at_once(follow, count)
    hung_up = time.monotonic()
    was_freed = wait_until(lambda: _open_streams(world) == 0, FREED_WITHIN_S)
    freed_s = round(time.monotonic() - hung_up, 1)
    return Vanished(
        at_once=count,
        gone=gone,
        completed=len(heard.whole),
        lost_events=heard.whole.count(False),
        ended=sum(_has_ended(world, person, number) for person, number in heard.left),
        streams_freed_s=freed_s if was_freed else None,
    )


def _follow(world: World, person: Person, heard: _Heard, *, leaves: bool) -> None:
    text = ""
    with client_of(world, person, timeout_s=STREAM_TIMEOUT_S) as client:
        number = ask(client)
        if number is None:
            return
        with client.stream("GET", f"/api/v1/messages/{number}/events") as response:
            for kind, data in events_of(response):
                if kind == "text":
                    text = text[: data["at"]] + data["text"]
                    if leaves:
                        heard.left.append((person, number))
                        return
                if kind == "done":
                    heard.whole.append(text.strip() == str(data["message"]["text"]).strip())
                    return


def _open_streams(world: World) -> int | None:
    """Return how many answers are followed now, as the appliance counts them."""
    try:
        told = httpx.get(f"{world.address}/metrics", timeout=30, trust_env=False).text
    except httpx.HTTPError:
        return None
    lines = [one for one in told.splitlines() if one.startswith("plumbline_open_streams")]
    return int(sum(float(one.split()[-1]) for one in lines)) if lines else None


def _has_ended(world: World, person: Person, number: str) -> bool:
    with client_of(world, person) as client:
        return wait_until(
            lambda: client.get(f"/api/v1/messages/{number}").json()["state"] == "done"
        )


def normal_after_s(world: World, people: Sequence[Person], usual: Step) -> float | None:
    """Return how long after too much it is as usual again: a 95th percentile at most twice as long."""
    started = time.monotonic()
    while time.monotonic() - started < NORMAL_WITHIN_S:
        now = push(world, people, usual.users, NORMAL_S)
        if now.p95_ms <= 2 * usual.p95_ms and not now.has_errors:
            return round(max(0.0, time.monotonic() - started - NORMAL_S), 1)
    return None


def flood(world: World, people: Sequence[Person], seconds: float) -> Flood:
    """Let one person send a hundred of the longest searches a second beside the others' work.

    The appliance's limit of requests a minute must be in force.
    """
    alone, _ = _beside(world, people, seconds, flooders=0)
    beside, sent = _beside(world, people, seconds, flooders=FLOODERS)
    return Flood(
        alone_p95_ms=_p95(alone),
        beside_p95_ms=_p95(beside),
        others=dict(alone.outcomes + beside.outcomes),
        flooder=dict(sent.outcomes),
        flood_requests_per_s=round(sent.outcomes.total() / seconds, 1),
    )


def _beside(
    world: World, people: Sequence[Person], seconds: float, *, flooders: int
) -> tuple[Tally, Tally]:
    ended, others, sent = threading.Event(), Tally(), Tally()
    path = f"/api/v1/search?q={SEARCH.replace(' ', '+')}"
    longest = f"/api/v1/search?q={LONGEST_QUERY.replace(' ', '+')}"
    threads = [
        threading.Thread(target=_paced, args=(world, one, others, ended, path, WORKERS_EVERY_S))
        for one in people[1:]
    ]
    threads += [
        threading.Thread(
            target=_paced, args=(world, people[0], sent, ended, longest, FLOOD_EVERY_S)
        )
        for _ in range(flooders)
    ]
    run_for(threads, ended, seconds)
    return others, sent


def _paced(
    world: World, person: Person, tally: Tally, ended: threading.Event, path: str, every_s: float
) -> None:
    """Send one request after the other, never more often than this."""
    with client_of(world, person, timeout_s=30) as client:
        due = time.monotonic()
        while not ended.wait(max(0.0, due - time.monotonic())):
            due = max(due + every_s, time.monotonic())
            timed(client, path, tally, others=())


def _p95(tally: Tally) -> float:
    return ms(share(sorted(tally.seconds) or [0.0], 0.95))


def _at_once(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STREAM_TIMEOUT_S)
