"""What the commands of `manage.py` share: people by name, progress, errors as sentences."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError
from django.db import OperationalError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from appliance.common.starting import database_is_away
from indexer.errors import IndexerError
from indexer.ingestion.sync import OnProgress
from inference.errors import InferenceError

PHASES = {
    "fetch": "Fetching",
    "read": "Reading and splitting",
    "embed": "Computing vectors",
}


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what can go wrong into one sentence and exit code 1."""
    try:
        yield
    except (IndexerError, InferenceError) as exc:
        raise CommandError(str(exc)) from exc
    except OperationalError as exc:
        raise CommandError(database_is_away()) from exc


@contextmanager
def sync_progress() -> Iterator[OnProgress]:
    """Show a sync's phases as bars on stderr; in a pipe, a line a phase."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        seen: set[str] = set()

        def plain(phase: str, done: int, total: int) -> None:
            if phase not in seen:
                seen.add(phase)
                console.print(f"{PHASES.get(phase, 'Waiting')} ...", highlight=False)

        yield plain
        return
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        tasks = {}

        def bars(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task(PHASES.get(phase, "Waiting"), total=None)
            progress.update(tasks[phase], completed=done, total=total or None)

        yield bars
