"""Measure how long people wait for the first words of an answer, alone and beside a flood.

    python -m appliance.local.bench_fairness [--others 50] [--flood 200] [--slots 8] [--rounds 2]

Starts PostgreSQL of its own in a temporary folder, a fake model that writes at a steady pace, and as
many working threads as there are slots. Fifty people ask a question each, all at once: on an idle
system, and while somebody with two hundred questions has all slots that one person gets. What is
measured is from asking until the first words stand in the database. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from appliance.local.bench_corpus import database, set_up
from inference.fake_server import serving
from inference.testing import Mode, Script

if TYPE_CHECKING:
    from appliance.accounts.models import User
    from appliance.conversations.models import Message

console = Console(stderr=True)
GROUP = "benchmark of fairness"
QUESTION = "How does add_item add an item to the cart?"
CODE = '''def add_item(cart, item):
    """Add an item to the cart."""
    cart.append(item)
    return cart
'''
WORDS = "It adds the item [E1]. " * 8  # 40 words
PAUSE_S = 0.025
LONGEST_S = 600.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One round: seconds to the first words of each of the others, and who went in between."""

    first_words_s: tuple[float, ...]
    flood_between: int  # answers of the flood that were begun while the others waited


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--others", type=int, default=50)
    parser.add_argument("--flood", type=int, default=200)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    script = Script(mode=Mode.SLOW, text=WORDS, pause_s=PAUSE_S)
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name, serving(script) as server:
        home = Path(name)
        home.chmod(0o755)
        os.environ |= {
            "PLUMBLINE_CHAT_URL": server.url,
            "PLUMBLINE_BROKER_URL": "memory://",
            "PLUMBLINE_ANSWERS_AT_ONCE": str(options.slots),
        }
        with database(home):
            set_up(home)
            _connect(home)
            try:
                result = _measured(options)
            finally:
                _hang_up()
    console.print(_table(result))
    sys.stdout.write(json.dumps(result) + "\n")


def _connect(home: Path) -> None:
    """Sync a source of one file, for everybody in the group."""
    from appliance.sources.granting import set_grant
    from appliance.sources.managing import connect
    from indexer.ingestion.inline import sync_now

    folder = home / "shop"
    folder.mkdir()
    (folder / "cart.py").write_text(CODE, encoding="utf-8")
    git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-C", str(folder))
    for command in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Sell")):
        subprocess.run([*git, *command], check=True)
    source = connect(str(folder), name="shop", from_command_line=True)
    sync_now(source)
    set_grant(GROUP, source)


def _hang_up() -> None:
    from indexer import clients

    clients.close()


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    _round(options.slots, options.slots, 0)  # the first answers load what the others find loaded
    idle, beside = [], []
    for _ in range(options.rounds):
        idle.append(_round(options.slots, options.others, 0))
        beside.append(_round(options.slots, options.others, options.flood))
    return {
        "bench": "fairness",
        "others": options.others,
        "flood": options.flood,
        "slots": options.slots,
        "rounds": options.rounds,
        "idle": _told(idle),
        "beside_flood": _told(beside),
    }


def _told(rounds: Sequence[Measured]) -> dict[str, Any]:
    seconds = [second for one in rounds for second in one.first_words_s]
    return {
        "first_words_p50_s": round(statistics.median(seconds), 2),
        "first_words_p95_s": round(statistics.quantiles(seconds, n=20)[-1], 2),
        "first_words_max_s": round(max(seconds), 2),
        "flood_between": sum(one.flood_between for one in rounds),
    }


def _round(slots: int, others: int, flood: int) -> Measured:
    from appliance.conversations.models import Message
    from appliance.conversations.waiting import share

    waiting = Message.objects.filter(state=Message.State.QUEUED)
    open_ones = Message.objects.filter(state__in=["queued", "searching", "writing"])
    with _working(slots):
        (many,) = _people(1)
        for _ in range(flood):
            _ask(many)
        if flood:
            begun = Message.objects.filter(thread__owner=many, begun_at__isnull=False)
            _wait(lambda: begun.count() >= share())
        people = _people(others)
        asked = [_ask(person) for person in people]
        _wait(lambda: not open_ones.filter(thread__owner__in=people).exists())
        waiting.update(state=Message.State.STOPPED)
        _wait(lambda: not open_ones.exists())
    ended = Message.objects.filter(pk__in=[answer.pk for answer in asked])
    first, last = asked[-1].created_at, ended.latest("begun_at").begun_at
    between = Message.objects.filter(thread__owner=many, begun_at__range=(first, last))
    result = Measured(tuple(map(_first_words_s, ended)), between.count())
    many.delete()
    for person in people:
        person.delete()
    return result


def _first_words_s(answer: Message) -> float:
    if answer.begun_at is None or "first_words_s" not in answer.usage:
        raise SystemExit(f"no answer to measure: {answer.state} {answer.error}")
    waited = (answer.begun_at - answer.created_at).total_seconds()
    return float(waited + answer.usage["first_words_s"])


def _people(count: int) -> list[User]:
    from django.contrib.auth.models import Group

    from appliance.accounts.models import User

    people = [User.objects.create_user(f"bench-{secrets.token_hex(6)}") for _ in range(count)]
    for person in people:
        person.groups.add(Group.objects.get(name=GROUP))
    return people


def _ask(person: User) -> Message:
    from appliance.conversations import asking

    return asking.ask(person, QUESTION)


@contextmanager
def _working(threads: int) -> Iterator[None]:
    """Work as a worker's threads do whose broker hands each of them a task as soon as it is free."""
    from django.db import connection

    from appliance.conversations.tasks import answer_question

    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.02):
            answer_question("")
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        ended.set()
        for worker in workers:
            worker.join()


def _wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("the answers did not end")
        time.sleep(0.1)


def _table(result: dict[str, Any]) -> Table:
    table = Table("first words of the others", "p50 s", "p95 s", "max s", "flood went before")
    for name, told in (("idle", result["idle"]), ("beside the flood", result["beside_flood"])):
        table.add_row(name, *map(str, told.values()))
    return table


if __name__ == "__main__":
    main()
