"""People who search, ask and read during a trial, and a journal of what they were promised and shown."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from appliance.local.trials.world import QUESTION, SEARCH, Person, World

TIMEOUT_S = 10.0
PAUSE_S = 0.3
ASKED, SEARCHED = 0.25, 0.65  # of the requests; the rest read an answer


@dataclass(slots=True)
class Journal:
    """What happened, as those outside saw it. Only appended to, by several threads."""

    promised: dict[str, str] = field(default_factory=dict)  # answer's id -> person
    keys: Counter[str] = field(default_factory=Counter)  # person -> questions they tried to ask
    statuses: Counter[str] = field(default_factory=Counter)  # "search 200", "ask unreachable" ...
    wrong: list[str] = field(default_factory=list)  # what somebody was shown and may not read
    leaked: list[str] = field(default_factory=list)  # answers with the inside of an error
    refusals: list[float] = field(default_factory=list)  # seconds of answers of 500 and above


class User(threading.Thread):
    """One person at work until told to stop; repeats a question until it is taken."""

    def __init__(self, world: World, person: Person, journal: Journal, ended: threading.Event):
        super().__init__(daemon=True)
        self.person, self.journal, self.ended = person, journal, ended
        self._others = [marker for marker in world.repositories if marker != person.marker]
        self._client = client_of(world, person)
        self._dice = random.Random(person.name)  # noqa: S311  the same in each run
        self._own: list[str] = []

    def run(self) -> None:
        with self._client:
            while not self.ended.wait(self._dice.uniform(0, 2 * PAUSE_S)):
                lot = self._dice.random()
                if lot < ASKED:
                    self._ask()
                elif lot < ASKED + SEARCHED or not self._own:
                    self._search()
                else:
                    self._send("read", "GET", f"/api/v1/messages/{self._dice.choice(self._own)}")

    def _search(self) -> None:
        self._send("search", "GET", "/api/v1/search", params={"q": SEARCH})

    def _ask(self) -> None:
        """Ask once, however often it takes: the key says that it is the same question."""
        key = str(uuid4())
        self.journal.keys[self.person.name] += 1
        while not self.ended.is_set():
            answer = self._send(
                "ask",
                "POST",
                "/api/v1/threads",
                json={"question": QUESTION, "mode": "answer"},
                headers={"Idempotency-Key": key},
            )
            if answer is not None and answer.status_code == 201:
                number = answer.json()["message"]["id"]
                self._own.append(number)
                self.journal.promised[number] = self.person.name
                return
            self.ended.wait(1.0)

    def _send(self, what: str, method: str, path: str, **options: object) -> httpx.Response | None:
        started = time.monotonic()
        try:
            answer = self._client.request(method, path, **options)  # type: ignore[arg-type]
        except httpx.HTTPError:
            self.journal.statuses[f"{what} unreachable"] += 1
            return None
        self.journal.statuses[f"{what} {answer.status_code}"] += 1
        if answer.is_server_error:
            self.journal.refusals.append(time.monotonic() - started)
        self._look_at(what, answer.text)
        return answer

    def _look_at(self, what: str, text: str) -> None:
        shown = [marker for marker in self._others if marker in text]
        if shown:
            self.journal.wrong.append(f"{self.person.name} was shown {shown} by {what}")
        if "Traceback" in text or "psycopg" in text:
            self.journal.leaked.append(f"{what}: {text[:200]}")


class Committer(threading.Thread):
    """Adds a file to one of the sources every few seconds and has it synced."""

    def __init__(self, world: World, ended: threading.Event, *, pause_s: float = 2.0) -> None:
        super().__init__(daemon=True)
        self.world, self.ended, self.pause_s = world, ended, pause_s

    def run(self) -> None:
        from django.db import Error, connection

        while not self.ended.wait(self.pause_s):
            number = secrets.token_hex(4)
            marker = secrets.choice(list(self.world.repositories))
            text = f"def part_{number}_of_{marker}():\n    return {number!r}\n"
            self.world.commit(marker, f"part_{number}.py", text)
            try:
                request_sync_of(marker)
            except (Error, OSError):  # the next commit, or the end, asks again
                pass
            finally:
                connection.close()


def request_sync_of(marker: str) -> None:
    from appliance.sources.managing import request_sync
    from indexer.models import Source

    request_sync(Source.objects.get(name=marker))


def client_of(world: World, person: Person, *, timeout_s: float = TIMEOUT_S) -> httpx.Client:
    headers = {"Authorization": f"Bearer {person.token}"}
    return httpx.Client(base_url=world.address, headers=headers, timeout=timeout_s, trust_env=False)


@contextmanager
def at_work(world: World, people: Sequence[Person]) -> Iterator[Journal]:
    """Let everybody work for as long as the block lasts."""
    journal, ended = Journal(), threading.Event()
    threads: list[threading.Thread] = [User(world, one, journal, ended) for one in people]
    threads.append(Committer(world, ended))
    for thread in threads:
        thread.start()
    try:
        yield journal
    finally:
        ended.set()
        for thread in threads:
            thread.join(3 * TIMEOUT_S)
