"""People who follow answers while something breaks: what becomes of each of their streams."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from appliance.local.trials.checking import wait_until
from appliance.local.trials.pushing import events_of
from appliance.local.trials.using import Journal, client_of
from appliance.local.trials.world import QUESTION, Person, World

BEGUN_WITHIN_S, ENDED_WITHIN_S = 120.0, 300.0
AGAIN_S = 0.5
ENDS = {"done", "failed", "stopped"}


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of the streams that were open when something broke."""

    followed: int  # were being written by then
    states: dict[str, int]  # in which state the answers ended, as their readers were told
    opened_again: int  # connections that broke and were taken up
    silent: int  # whose readers were told no end
    last_end_s: float  # after the fault


@dataclass(slots=True)
class _Heard:
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    opened_again: list[str] = field(default_factory=list)


def streams_through(
    world: World,
    people: Sequence[Person],
    count: int,
    journal: Journal,
    during: Callable[[], None],
) -> Followed:
    """Ask so many questions at once, break something when all are being answered, and wait for every end."""
    heard = _Heard()
    threads = [
        threading.Thread(
            target=_follow, args=(world, people[number % len(people)], journal, heard), daemon=True
        )
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(heard.begun) >= count, BEGUN_WITHIN_S)
    followed, broke = len(set(heard.begun) - set(heard.ended)), time.monotonic()
    during()
    deadline = broke + ENDED_WITHIN_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return Followed(
        followed=followed,
        states=dict(sorted(heard.states.items())),
        opened_again=len(heard.opened_again),
        silent=count - heard.states.total(),
        last_end_s=round(time.monotonic() - broke, 1),
    )


def _follow(world: World, person: Person, journal: Journal, heard: _Heard) -> None:
    """Follow one answer as a browser does: what breaks is opened again, until an end was told."""
    with client_of(world, person, timeout_s=BEGUN_WITHIN_S) as client:
        journal.keys[person.name] += 1
        body = {"question": QUESTION, "mode": "answer"}
        asked = client.post("/api/v1/threads", json=body, headers={"Idempotency-Key": str(uuid4())})
        if asked.status_code != httpx.codes.CREATED:
            heard.states[f"refused {asked.status_code}"] += 1
            return
        number = str(asked.json()["message"]["id"])
        journal.promised[number] = person.name
        deadline = time.monotonic() + BEGUN_WITHIN_S + ENDED_WITHIN_S
        while time.monotonic() < deadline:
            if state := _listen(client, number, heard) or _state(client, number):
                heard.states[state] += 1
                heard.ended.append(number)
                return
            heard.opened_again.append(number)
            time.sleep(AGAIN_S)


def _listen(client: httpx.Client, number: str, heard: _Heard) -> str:
    """Return the state in which the stream said that the answer ended; empty when it broke."""
    try:
        with client.stream("GET", f"/api/v1/messages/{number}/events") as response:
            for kind, data in events_of(response):
                if kind == "state" and data["state"] == "writing" and number not in heard.begun:
                    heard.begun.append(number)
                if kind == "done":
                    return str(data["message"]["state"])
    except (httpx.HTTPError, ValueError, KeyError):
        pass
    return ""


def _state(client: httpx.Client, number: str) -> str:
    """Return the state of an answer that has ended, else nothing."""
    try:
        state = str(client.get(f"/api/v1/messages/{number}").json()["state"])
    except (httpx.HTTPError, ValueError, KeyError):
        return ""
    return state if state in ENDS else ""
