"""A command that is killed, or stopped, at a marked point: python -m tests.indexer.ingestion.queue_victim POINT ...

A delay can only hope to hit a moment; here the process kills itself in it, as the kernel would,
without a chance to tidy up. The functions around the points are wrapped for that in this process.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django
from django.core.management import execute_from_command_line


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(holder: Any, name: str, number: signal.Signals = signal.SIGKILL) -> None:
    whole = getattr(holder, name)

    def first_struck(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), number)
        return whole(*arguments, **options)

    setattr(holder, name, first_struck)


def _after(
    holder: Any, name: str, is_it: Callable[[tuple[Any, ...]], bool] = lambda _: True
) -> None:
    whole = getattr(holder, name)

    def then_dead(*arguments: Any, **options: Any) -> Any:
        returned = whole(*arguments, **options)
        if is_it(arguments):
            die()
        return returned

    setattr(holder, name, then_dead)


def arm(point: str) -> None:
    # Here because the settings must be set up first.
    from indexer.confined.pool import ReaderPool
    from indexer.ingestion import embed, jobs, passages, publish, sync
    from indexer.models import Job

    points: dict[str, Callable[[], None]] = {
        "claim": lambda: _after(jobs, "claim"),
        "clone": lambda: _after(sync.WatchedHeartbeat, "beat", lambda given: given[2] > 0),
        "fetch": lambda: _after(sync, "fetch"),
        "parse": lambda: _after(ReaderPool, "read"),
        "chunk": lambda: _before(sync, "store_blobs"),
        "insert": lambda: _after(passages, "add_postings"),  # in the transaction
        "swap before commit": lambda: _after(publish, "_skipped"),  # its last query
        "swap after commit": lambda: _after(sync, "publish"),
        "cleanup": lambda: _after(sync, "drop_other_refs"),
        "outbox": lambda: _after(jobs, "enqueue", lambda given: Job.Kind.EMBED in given),
        "ack": lambda: _after(jobs, "finish"),
        "embed": lambda: _after(embed, "store_embeddings"),
        "stopped": lambda: _before(sync, "publish", signal.SIGSTOP),
    }
    points[point]()


def main() -> None:
    django.setup()
    arm(sys.argv[1])
    execute_from_command_line(["manage.py", *sys.argv[2:]])


if __name__ == "__main__":
    main()
