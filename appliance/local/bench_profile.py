"""Measure what a search, a page, an answer and a sync cost in processor time, and show where it goes.

    python -m appliance.local.bench_profile BUNDLE_OR_REPOSITORY [--only search ...] [--times 40]
        [--top 25]

Starts PostgreSQL of its own in a temporary folder, syncs the repository, and asks for each path
through the whole product, from the server's side of HTTP to the last byte. What is counted is the
processor time of this process and of the database, so that others on the same machine blur it
little, and the statements. Then each path is walked once more under a profiler. To compare two
states of the code run it in both, one right after the other. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from appliance.local.bench_corpus import database, set_up
from appliance.local.bench_grep import cloned
from appliance.local.bench_streaming import ask_person, database_s, fake_model, statements, written

if TYPE_CHECKING:
    from appliance.accounts.models import User
    from indexer.models import Source

SEARCH = "how are options parsed"
PATHS = {
    "health": "/healthz/",
    "search": f"/api/v1/search?q={SEARCH.replace(' ', '+')}",
    "threads": "/api/v1/threads",
    "search page": f"/search/?q={SEARCH.replace(' ', '+')}",
    "ask page": "/",
}
ASK, SYNC = "ask", "sync"
WORDS, FIRST = 60, 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What one walk of a path costs."""

    cpu_ms: float
    database_cpu_ms: float
    statements: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Walk:
    """A path through the product: once as it is served, and once where a profiler can see it."""

    name: str
    times: int
    walk: Callable[[int], None]  # so many times
    watched: Callable[[], None]  # in this thread


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("repository", type=Path)
    parser.add_argument("--only", nargs="+", choices=[*PATHS, ASK, SYNC], default=[])
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--top", type=int, default=25, help="functions to show of each path")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home) as server, fake_model(WORDS, 10_000) as url:
            os.environ |= {
                "PLUMBLINE_CHAT_URL": url,
                "PLUMBLINE_CHAT_MODEL": "fake",
                "PLUMBLINE_API_REQUESTS_PER_MINUTE": "0",
                "PLUMBLINE_EGRESS": "off",  # nothing outside this machine is ever asked
                "PLUMBLINE_DATABASE_ROLE": "web",
            }
            clones = cloned(home, [options.repository])
            set_up(home)
            _collect_styles()
            costs = _measured(next(iter(clones.items())), server, options)
    sys.stdout.write(json.dumps({"bench": "profile", "times": options.times} | costs) + "\n")


def _collect_styles() -> None:
    """Pages name their styles by what is in them."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


def _measured(
    clone: tuple[str, Path], server: psutil.Process, options: argparse.Namespace
) -> dict[str, Any]:
    from appliance.sources.managing import connect

    source = connect(str(clone[1]), name=clone[0], from_command_line=True)
    costs: dict[str, Any] = {}
    for walk in _walks(source, options.times):
        if options.only and walk.name not in (*options.only, SYNC):
            continue
        costs[walk.name] = asdict(_cost(walk, server))
        if not options.only or walk.name in options.only:
            _show(walk, options.top)
    return {"each": costs}


def _walks(source: Source, times: int) -> Iterator[Walk]:
    """Yield the paths one by one: what is searched must be synced before."""
    yield Walk(SYNC, 1, lambda _: _sync(source), lambda: _sync(source))
    user, questions = ask_person(source.name, min(times, 10) + 1)
    token = _token(user)
    for name, path in PATHS.items():
        yield Walk(name, times, _served(user, token, path), _seen(user, token, path))
    asked = iter([*questions, *questions, *questions])

    def ask(count: int) -> None:
        for _ in range(count):
            written(user, next(asked), follow=False)

    yield Walk(ASK, min(times, 10), ask, lambda: _record(user, next(asked)))


def _cost(walk: Walk, server: psutil.Process) -> Cost:
    if walk.times > 1:
        walk.walk(FIRST)  # loads what is loaded once
    before = (time.process_time(), database_s(server), statements(), time.monotonic())
    walk.walk(walk.times)
    after = (time.process_time(), database_s(server), statements(), time.monotonic())
    ours, theirs, sent, wall = ((b - a) / walk.times for a, b in zip(before, after, strict=True))
    return Cost(
        round(1000 * ours, 2), round(1000 * theirs, 2), round(sent, 1), round(1000 * wall, 2)
    )


def _show(walk: Walk, top: int) -> None:
    sys.stderr.write(f"\n{walk.name}\n")
    with _profiled(top):
        walk.watched()


@contextmanager
def _profiled(top: int) -> Iterator[None]:
    profile = cProfile.Profile()
    profile.enable()
    yield
    profile.disable()
    pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(top)


def _sync(source: Source) -> None:
    from indexer.ingestion import jobs
    from indexer.ingestion.sync import WatchedHeartbeat, sync

    job = jobs.claim(jobs.enqueue(source).pk)
    sync(job, WatchedHeartbeat(job, None))


def _served(user: User, token: str, path: str) -> Callable[[int], None]:
    """Ask as a browser or a program does, through the server's own door (ASGI)."""

    headers = _headers(user, token, path)

    async def ask(count: int) -> None:
        from appliance.config.asgi import application

        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            for _ in range(count):
                (await client.get(path)).raise_for_status()

    return lambda count: asyncio.run(ask(count))


def _seen(user: User, token: str, path: str) -> Callable[[], None]:
    """Ask in this thread alone: a profiler sees no other."""
    from django.test import Client

    def ask() -> None:
        client = Client(headers=_headers(user, token, path), SERVER_NAME="localhost")
        for _ in range(FIRST):
            client.get(path)

    return ask


def _headers(user: User, token: str, path: str) -> dict[str, str]:
    """Programs come with a token, browsers with a session."""
    from django.conf import settings
    from django.test import Client

    if path.startswith("/api/"):
        return {"Authorization": f"Bearer {token}"}
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"Cookie": f"{name}={client.cookies[name].value}"}


def _token(user: User) -> str:
    from appliance.accounts.models import TokenRight
    from appliance.accounts.tokens import create_token
    from appliance.audit.acting import COMMAND_LINE

    rights = (TokenRight.READ, TokenRight.ASK)
    return create_token(user, name="bench", rights=rights, by=COMMAND_LINE).text


def _record(user: User, question: str) -> None:
    from appliance.conversations import asking, recording
    from appliance.conversations.waiting import claim_fairest

    asking.ask(user, question)
    message = claim_fairest()
    assert message is not None  # noqa: S101
    recording.record_answer(message)


if __name__ == "__main__":
    main()
