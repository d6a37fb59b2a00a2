"""Measures what access filtering adds to search: people with 1, 100 and 10,000 grants beside the
operator, in one process on one corpus, each before the first wall alone and before both.

    python -m appliance.local.bench_access REPOSITORY [--questions 30]

The last line is JSON: milliseconds, median and 95th percentile.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.local import postgres
from appliance.local.bench_corpus import database, set_up

if TYPE_CHECKING:
    from appliance.accounts.models import User
    from indexer.models import Source
    from indexer.scope import Scope

MANY = 10_000
LINES_PER_PAGE = 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_access", description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--questions", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            # By the superuser, who may become the runtime role for the second half.
            address = postgres.address(home / "sockets", role=postgres.SUPERUSER)
            os.environ["PLUMBLINE_DATABASE_URL"] = address
            set_up(home)
            result = _measured(options.repository.resolve(), options.questions)
    sys.stdout.write(json.dumps(result) + "\n")


def _measured(repository: Path, questions: int) -> dict[str, object]:
    from indexer.models import Definition, Document

    source = _filled(repository)
    names = list(Definition.objects.order_by("pk").values_list("name", flat=True).distinct()[:5000])
    asked = [" ".join(names[at :: len(names) // 3 or 1][:3]) for at in range(questions)]
    paths = list(Document.objects.order_by("path").values_list("path", flat=True))
    people = _people(source, paths)
    result: dict[str, object] = {"documents": len(paths), "questions": questions}
    with_one = _times(people, asked, paths)
    with _runtime_role():
        result |= {"one wall": with_one, "both walls": _times(people, asked, paths)}
    return result


def _filled(repository: Path) -> Source:
    from appliance.sources.managing import connect
    from indexer.ingestion.inline import sync_now

    source = connect(str(repository), name="real", from_command_line=True)
    sync_now(source)
    return source


def _people(source: Source, paths: Sequence[str]) -> Mapping[str, User]:
    """Make people whose rules all open the same files, in more and more words."""
    from appliance.accounts.models import User
    from appliance.sources.models import Grant
    from indexer.models import Source

    others = Source.objects.bulk_create(
        Source(name=f"other{number}", location=f"/nowhere/{number}") for number in range(MANY - 1)
    )
    rules: dict[str, list[tuple[Source, str]]] = {
        "1 grant": [(source, "")],
        "100 path rules": [(source, ""), *((source, path) for path in paths[:99])],
        "10000 path rules": [
            (source, ""),
            *((source, f"{paths[at % len(paths)]}/{at}") for at in range(MANY - 1)),
        ],
        "10000 sources": [(source, ""), *((other, "") for other in others)],
        "10000 sources with a pattern each": [
            (one, pattern) for one in (source, *others[: MANY // 2 - 1]) for pattern in ("", "**/x")
        ],
    }
    people = {name: User.objects.create(username=name) for name in rules}
    for name, pairs in rules.items():
        grants = (
            Grant(user=people[name], source=one, path_pattern=path, allow=path != "**/x")
            for one, path in pairs
        )
        Grant.objects.bulk_create(grants, batch_size=2000)
    return people


@contextmanager
def _runtime_role() -> Iterator[None]:
    from django.conf import settings
    from django.db import connection

    from appliance.web import walls

    settings.DATABASE_RUNTIME_ROLE = postgres.RUNTIME_ROLE
    walls.put_up()
    settings.DATABASE_ROLE = "web"
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {postgres.RUNTIME_ROLE}")
    yield


def _times(
    people: Mapping[str, User], asked: Sequence[str], paths: Sequence[str]
) -> dict[str, object]:
    from appliance.sources.access import operator_scope, scope_of

    def scope_for(user: User) -> Callable[[], Scope]:
        return lambda: scope_of(user)

    readers: dict[str, Callable[[], Scope]] = {"operator": operator_scope}
    readers |= {name: scope_for(user) for name, user in people.items()}
    told = {name: _of_reader(scope, asked, paths) for name, scope in readers.items()}
    return told | {f"{name}: ground": _of_record(user, paths) for name, user in people.items()}


def _of_record(user: User, paths: Sequence[str]) -> dict[str, float]:
    """Time what the record needs beside itself: the grant behind each of a page of results."""
    from appliance.sources.grounds import Grounds

    shown = paths[:LINES_PER_PAGE]

    def page() -> None:
        grounds = Grounds.of(user)
        for path in shown:
            grounds.lines("real", path, 1, 9, "c0ffee")

    return _spread(page, 10)


def _of_reader(
    scope_of: Callable[[], Scope], asked: Sequence[str], paths: Sequence[str]
) -> dict[str, object]:
    from appliance.sources.access import find_live_blob
    from indexer import wall
    from indexer.retrieval.search import search

    scope = scope_of()
    with wall.behind(scope):
        search(asked[0], scope=scope)  # fills what is kept in memory
        found = [len(search(one, scope=scope).hits) for one in asked[:5]]
        return {
            "scope": _spread(scope_of, 10),
            "search": _spread(_each(lambda one: search(one, scope=scope), asked), len(asked)),
            "file": _spread(_each(lambda one: find_live_blob(scope, "real", one), paths), 100),
            "hits": sum(found),
        }


def _each(ask: Callable[[str], object], words: Sequence[str]) -> Callable[[], object]:
    turn = cycle(words)
    return lambda: ask(next(turn))


def _spread(ask: Callable[[], object], times: int) -> dict[str, float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    ordered = sorted(taken)
    middle = statistics.median(ordered)
    return {"median": round(middle, 1), "p95": round(ordered[int(len(ordered) * 0.95) - 1], 1)}


if __name__ == "__main__":
    main()
