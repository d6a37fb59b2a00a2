"""Measure what a record of the audit costs, and how fast its questions are answered.

    python -m appliance.local.bench_audit [--records 2000] [--history 100000] [--writers 8]

Starts PostgreSQL of its own in a temporary folder. One writer, then several at once, each record in a
transaction of its own as a search makes it: alone, and with the lines of a page of results. Then the
question "who has been shown these lines?" over a long history, and the verification of all of it. The
last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console

from appliance.local.bench_corpus import database, set_up

console = Console(stderr=True)
LINES_PER_PAGE = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=800)
    parser.add_argument("--history", type=int, default=100_000, help="shown lines to look among")
    parser.add_argument("--writers", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as folder, database(Path(folder)):
        set_up(Path(folder))
        print(json.dumps(measure(given.records, given.history, given.writers)))  # noqa: T201


def measure(records: int, history: int, writers: int) -> dict[str, Any]:
    """Return the milliseconds of each way to write, and the seconds of each question."""
    told: dict[str, Any] = {
        "bare_insert_ms": _median(_insert),
        "one_writer_ms": _written(1, records, lines=0),
        "one_writer_with_lines_ms": _written(1, records // 4, lines=LINES_PER_PAGE),
        f"{writers}_writers_ms": _written(writers, records, lines=0),
        f"{writers}_writers_with_lines_ms": _written(writers, records // 4, lines=LINES_PER_PAGE),
    }
    _fill(history)
    return told | _asked()


def _written(writers: int, records: int, *, lines: int) -> dict[str, float]:
    """Return how long a record took for who waited for it, and how many were written a second."""
    each = max(1, records // writers)
    # Processes, as the product's are: threads of one would wait for each other in Python.
    with ProcessPoolExecutor(writers, get_context("spawn"), _set_up_again) as pool:
        list(pool.map(_writer, [1] * writers, [lines] * writers))  # until all of them are there
        runs = list(pool.map(_writer, [each] * writers, [lines] * writers))
    taken = sorted(ms for run in runs for ms in run.taken_ms)
    seconds = max(run.ended for run in runs) - min(run.started for run in runs)
    median = statistics.median(taken)
    console.print(f"{writers} writers, {lines} lines each: {median:.2f} ms")
    return {
        "median": round(median, 2),
        "p95": round(taken[int(0.95 * (len(taken) - 1))], 2),
        "per_second": round(len(taken) / seconds, 1),
    }


@dataclass(frozen=True, slots=True)
class Run:
    """What one writer did."""

    started: float
    ended: float
    taken_ms: list[float]


def _set_up_again() -> None:
    import django  # in a new process, on the same settings

    django.setup()


def _writer(count: int, lines: int) -> Run:
    from django.db import connection  # after the settings are there

    from appliance.audit.actions import Action
    from appliance.audit.recording import Lines, Target, record

    shown = [Lines("shop", f"src/{n}.py", 1, 9, "c0ffee" * 6, "grant 1") for n in range(lines)]
    started = time.time()
    try:
        taken = [
            _ms(lambda: record(Action.SEARCHED, target=Target("search"), shown=shown))
            for _ in range(count)
        ]
    finally:
        connection.close()
    return Run(started, time.time(), taken)


def _insert() -> None:
    """Write one plain row: what any transaction costs on this machine, before the chain."""
    from appliance.audit.models import Verification

    Verification.objects.create(checked=0, last=0, head=0, seconds=0.0)


def _fill(history: int) -> None:
    """Write a long history: every record shows a page of lines, of many files."""
    from appliance.audit.actions import Action
    from appliance.audit.recording import Entry, Lines, Target, record_all

    page = 0
    for start in range(0, history // LINES_PER_PAGE, 200):
        entries = []
        for page in range(start, min(start + 200, history // LINES_PER_PAGE)):
            shown = [
                Lines("shop", f"src/{(page * LINES_PER_PAGE + n) % 997}.py", n, n + 40, "c0ffee")
                for n in range(LINES_PER_PAGE)
            ]
            entries.append(Entry(Action.SEARCHED, Target("search"), shown=shown))
        record_all(entries, actor=f"person {start % 50}")
    console.print(f"{page + 1} records of history")


def _asked() -> dict[str, Any]:
    from django.db import connection

    from appliance.audit.exposure import shown_to, who_was_shown
    from appliance.audit.heads import known_heads, sign_head
    from appliance.audit.models import Event, Exposure
    from appliance.audit.verifying import verify

    sign_head()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_exposure, audit_event")
    seconds = verify(heads=known_heads()).seconds
    count = Event.objects.count()
    return {
        "records": count,
        "shown_lines": Exposure.objects.count(),
        "who_was_shown_ms": _median(
            lambda: list(who_was_shown("shop", "src/17.py", lines=(40, 80))[:50])
        ),
        "shown_to_ms": _median(lambda: list(shown_to("person 0")[:50])),
        "verify_s": seconds,
        "verify_ms_per_record": round(1000 * seconds / count, 3),
    }


def _median(act: Callable[[], object]) -> float:
    return round(statistics.median(_ms(act) for _ in range(60)), 2)


def _ms(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
