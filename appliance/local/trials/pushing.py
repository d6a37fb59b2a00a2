"""Load in steps: so many people who search and read without a pause, and so many answers at once."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from appliance.local.trials.using import client_of
from appliance.local.trials.world import QUESTION, SEARCH, Person, World

STREAM_TIMEOUT_S = 300.0
HEALTH_EVERY_S = 0.2


@dataclass(slots=True)
class Tally:
    """What the requests of one step came to; several threads add to it."""

    seconds: list[float] = field(default_factory=list)
    health_s: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # words shown to whom they are not for


@dataclass(frozen=True, slots=True)
class Step:
    """How one step of requests went."""

    users: int
    requests_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    slowest_health_ms: float
    outcomes: dict[str, int]
    wrong: list[str]  # words shown to whom they are not for

    @property
    def has_errors(self) -> bool:
        return any(name != "200" for name in self.outcomes) or bool(self.wrong)


@dataclass(frozen=True, slots=True)
class Streams:
    """How so many answers went that were asked for at the same moment."""

    at_once: int
    completed: int
    first_words_p50_s: float
    first_words_p95_s: float
    done_p95_s: float
    lost_events: int  # answers whose pieces did not add up to the whole


def push(world: World, people: Sequence[Person], users: int, seconds: float) -> Step:
    """Let so many people search and read, each as soon as the answer before has come."""
    tally, ended = Tally(), threading.Event()
    chosen = [people[number % len(people)] for number in range(users)]
    threads = [
        threading.Thread(target=_use, args=(world, one, tally, ended), daemon=True)
        for one in chosen
    ]
    threads.append(threading.Thread(target=_look, args=(world, tally, ended), daemon=True))
    started = time.monotonic()
    run_for(threads, ended, seconds)
    took = time.monotonic() - started
    spent = sorted(tally.seconds) or [0.0]
    return Step(
        users=users,
        requests_per_s=round(len(tally.seconds) / took, 1),
        p50_ms=ms(statistics.median(spent)),
        p95_ms=ms(share(spent, 0.95)),
        p99_ms=ms(share(spent, 0.99)),
        slowest_health_ms=ms(max(tally.health_s, default=0.0)),
        outcomes=dict(tally.outcomes),
        wrong=sorted(set(tally.wrong)),
    )


def ask_at_once(world: World, people: Sequence[Person], count: int) -> Streams:
    """Ask so many questions at the same moment and follow every answer to its end."""
    heard: list[tuple[float, float, bool]] = []
    start = threading.Barrier(count)

    def follow(person: Person) -> None:
        start.wait()
        if told := _follow(world, person):
            heard.append(told)

    threads = [
        threading.Thread(target=follow, args=(people[number % len(people)],), daemon=True)
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STREAM_TIMEOUT_S)
    first = sorted(one for one, _, _ in heard) or [STREAM_TIMEOUT_S]
    done = sorted(one for _, one, _ in heard) or [STREAM_TIMEOUT_S]
    return Streams(
        at_once=count,
        completed=len(heard),
        first_words_p50_s=round(statistics.median(first), 2),
        first_words_p95_s=round(share(first, 0.95), 2),
        done_p95_s=round(share(done, 0.95), 2),
        lost_events=sum(not adds_up for _, _, adds_up in heard),
    )


def share(ordered: Sequence[float], part: float) -> float:
    """Return the value below which this part of them lies."""
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def _use(world: World, person: Person, tally: Tally, ended: threading.Event) -> None:
    others = [marker for marker in world.repositories if marker != person.marker]
    with client_of(world, person, timeout_s=30) as client:
        while not ended.is_set():
            for path in (f"/api/v1/search?q={SEARCH.replace(' ', '+')}", "/api/v1/threads"):
                timed(client, path, tally, others)


def _look(world: World, tally: Tally, ended: threading.Event) -> None:
    health = Tally()
    with httpx.Client(base_url=world.address, timeout=30, trust_env=False) as client:
        while not ended.wait(HEALTH_EVERY_S):
            timed(client, "/healthz/", health, others=())
    tally.health_s += health.seconds


def timed(client: httpx.Client, path: str, tally: Tally, others: Sequence[str]) -> None:
    """Send a request and add what came of it; `others` are words that must not be in it."""
    started = time.monotonic()
    try:
        answer = client.get(path)
    except httpx.HTTPError as exc:
        tally.outcomes[type(exc).__name__] += 1
        return
    tally.seconds.append(time.monotonic() - started)
    tally.outcomes[str(answer.status_code)] += 1
    tally.wrong += [word for word in others if word in answer.text]


def run_for(threads: Sequence[threading.Thread], ended: threading.Event, seconds: float) -> None:
    """Let the threads work for so long; `ended` tells them to stop."""
    for thread in threads:
        thread.start()
    ended.wait(seconds)
    ended.set()
    for thread in threads:
        thread.join(STREAM_TIMEOUT_S)


def _follow(world: World, person: Person) -> tuple[float, float, bool] | None:
    """Return seconds to the first words and to the end, and whether the pieces were the whole."""
    started, first, text = time.monotonic(), 0.0, ""
    with client_of(world, person, timeout_s=STREAM_TIMEOUT_S) as client:
        number = ask(client)
        if number is None:
            return None
        with client.stream("GET", f"/api/v1/messages/{number}/events") as response:
            for kind, data in events_of(response):
                if kind == "text":
                    first = first or time.monotonic() - started
                    text = text[: data["at"]] + data["text"]
                if kind == "done":
                    whole = str(data["message"]["text"])
                    return first, time.monotonic() - started, text.strip() == whole.strip()
    return None


def ask(client: httpx.Client) -> str | None:
    """Ask the question of the trial; return the answer's id, None where it was not taken."""
    asked = client.post("/api/v1/threads", json={"question": QUESTION, "mode": "answer"})
    return str(asked.json()["message"]["id"]) if asked.status_code == 201 else None


def events_of(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield kind and data of each event of a stream."""
    kind = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def ms(seconds: float) -> float:
    """Return milliseconds as they are told."""
    return round(1000 * seconds, 1)
