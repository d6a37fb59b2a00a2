"""Measure what an answer costs the product while it is written, in processor time.

    python -m appliance.local.bench_streaming BUNDLE_OR_REPOSITORY [--answers 5] [--words 400]

Starts PostgreSQL of its own in a temporary folder, and a fake model in a process of its own that
writes at `--pace` words a second. The same answers are written twice: by the worker alone, then
with a page that follows each. What is counted is the processor time of the worker, of the page's
stream, and of the database, so that others on the same machine do not blur it; and how many
statements were sent. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from appliance.local.bench_corpus import database, set_up
from appliance.local.bench_grep import cloned

if TYPE_CHECKING:
    from appliance.accounts.models import User
    from appliance.conversations.models import Message

SENTENCE = "What `{name}` gets it hands on to whatever was registered before, in that order [E{n}]."
QUESTION = "What does {name} do, and when is it called?"
START_S = 20.0


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds of this process and of the database, and what was done in them."""

    ours: float
    database: float
    statements: int
    events: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("repository", type=Path)
    parser.add_argument("--answers", type=int, default=5)
    parser.add_argument("--words", type=int, default=400, help="of each answer")
    parser.add_argument("--pace", type=float, default=60.0, help="words a second")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home) as server, fake_model(options.words, options.pace) as url:
            os.environ |= {"PLUMBLINE_CHAT_URL": url, "PLUMBLINE_CHAT_MODEL": "fake"}
            clones = cloned(home, [options.repository])
            set_up(home)
            result = _measured(
                clones, server, options.answers, options.words, is_profiled=options.profile
            )
    sys.stdout.write(json.dumps(result) + "\n")


@contextmanager
def fake_model(words: int, pace: float) -> Iterator[str]:
    """Serve a model that writes so many words, in another process."""
    sentence = SENTENCE.format(name="command", n=1)
    text = " ".join(
        SENTENCE.format(name="command", n=1 + number % 5)
        for number in range(max(1, words // len(sentence.split())))
    )
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "inference.fake_server", "--mode", "slow"]
    command += ["--port", str(port), "--text", text, "--pause-s", str(1 / pace)]
    command += ["--window-tokens", "16384"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the fake model did not start")


def _measured(
    clones: dict[str, Path],
    server: psutil.Process,
    answers: int,
    words: int,
    *,
    is_profiled: bool,
) -> dict[str, Any]:
    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.sync import WatchedHeartbeat, sync

    for name, clone in clones.items():
        source = connect(str(clone), name=name, from_command_line=True)
        job = jobs.claim(jobs.enqueue(source).pk)
        sync(job, WatchedHeartbeat(job, None))
    user, questions = ask_person(next(iter(clones)), answers + 1)
    written(user, questions.pop(), follow=True)  # loads what is loaded once
    alone = _spent(server, lambda: [written(user, one, follow=False) for one in questions])
    with _profiled(is_profiled):
        followed = _spent(server, lambda: [written(user, one, follow=True) for one in questions])
    return {
        "answers": answers,
        "words": words,
        "worker": _told(alone, answers * words),
        "worker_and_page": _told(followed, answers * words),
        "page_cpu_ms_per_event": round(
            1000 * (followed.ours - alone.ours) / max(1, followed.events), 2
        ),
    }


def _told(spent: Spent, words: int) -> dict[str, float]:
    return {
        "cpu_ms_per_word": round(1000 * spent.ours / words, 3),
        "database_cpu_ms_per_word": round(1000 * spent.database / words, 3),
        "statements_per_word": round(spent.statements / words, 3),
        "events": spent.events,
    }


@contextmanager
def _profiled(is_wanted: bool) -> Iterator[None]:
    """Print where the worker's and the page's time goes."""
    if not is_wanted:
        yield
        return
    from appliance.conversations import recording
    from appliance.conversations.following import Follower

    record, render = recording.record_answer, Follower.render
    profiles = {"worker": cProfile.Profile(), "page": cProfile.Profile()}
    recording.record_answer = lambda message: profiles["worker"].runcall(record, message)
    Follower.render = lambda self: profiles["page"].runcall(render, self)  # type: ignore[method-assign]
    yield
    for name, profile in profiles.items():
        sys.stderr.write(f"\n{name}\n")
        pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(50)


def ask_person(source: str, count: int) -> tuple[User, list[str]]:
    """Return somebody who may read the source, and as many questions about its functions."""
    from django.contrib.auth.models import Group

    from appliance.accounts.models import User
    from appliance.sources.granting import set_grant
    from indexer.models import Definition, Source

    user = User.objects.create_user("bench")
    set_grant("bench", Source.objects.get(name=source))
    user.groups.add(Group.objects.get(name="bench"))
    names = Definition.objects.filter(kind="function").values_list("name", flat=True)
    telling = sorted({name for name in names if len(name) > 8})
    return user, [QUESTION.format(name=name) for name in telling[:: len(telling) // count][:count]]


def _spent(server: psutil.Process, work: Callable[[], list[int]]) -> Spent:
    before = (time.process_time(), database_s(server), statements())
    events = sum(work())
    after = (time.process_time(), database_s(server), statements())
    return Spent(after[0] - before[0], after[1] - before[1], after[2] - before[2], events)


def database_s(server: psutil.Process) -> float:
    """Return the processor seconds of the database's processes, those that have ended too."""
    total = 0.0
    for process in (
        *server.children(recursive=True),
        server,
    ):  # the server last: it keeps the ended
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def statements() -> int:
    """Return how many transactions were ended so far: outside a block each statement is one."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def written(user: User, question: str, *, follow: bool) -> int:
    """Have an answer written, maybe with a page beside it; return how many events that got."""
    from django.db import connection

    from appliance.conversations import asking, recording
    from appliance.conversations.tasks import answer_question
    from appliance.conversations.waiting import claim_fairest

    for road in ("delay", "delay_on_commit"):  # written below, not by a worker
        setattr(answer_question, road, lambda *_given: None)
    waiting = asking.ask(user, question)
    message = claim_fairest()
    assert message is not None  # noqa: S101

    def record() -> None:
        try:
            recording.record_answer(message)
        finally:
            connection.close()

    worker = threading.Thread(target=record)
    worker.start()
    events = asyncio.run(_followed(user, waiting)) if follow else 0
    worker.join()
    waiting.refresh_from_db()
    if waiting.state != "done":
        raise SystemExit(f"no answer to measure: {waiting.state} {waiting.error}")
    return events


async def _followed(user: User, message: Message) -> int:
    from appliance.conversations import streams

    class Known(streams.Reader):
        def is_known(self) -> bool:
            return True

    return len([one async for one in streams._events(Known(user), message, "token")])


if __name__ == "__main__":
    main()
