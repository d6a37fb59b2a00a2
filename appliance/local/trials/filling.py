"""A source that is read while people work: how fast it comes, and what it costs them."""

from __future__ import annotations

import sysconfig
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.local.trials.pushing import Step, push
from appliance.local.trials.world import Person, World, git

NAME = "filling"
MAX_BYTES = 200_000
PUSH_S = 5.0
PATIENCE_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Filled:
    """What was read, and how people fared meanwhile."""

    files: int
    chunks: int
    seconds: float  # until all was searchable by words
    chunks_per_s: float
    database_mb: int
    alone_p95_ms: float
    beside_p95_ms: float  # the median of the steps meanwhile
    beside_requests_per_s: float
    outcomes: dict[str, int]


def fill(world: World, people: Sequence[Person], files: int, folder: Path, usual: Step) -> Filled:
    """Connect a source of so many files and let people search, as many as in the usual step, until
    it can be searched."""
    from appliance.sources.managing import connect

    repository = _repository(folder, files)
    started = time.monotonic()
    source = connect(str(repository), name=NAME, from_command_line=True)
    took: list[float] = []
    waiting = threading.Thread(target=lambda: took.append(_await(source.pk, started)))
    waiting.start()
    steps = [push(world, people, usual.users, PUSH_S)]
    while waiting.is_alive():
        steps.append(push(world, people, usual.users, PUSH_S))
    return _told(files, took[0], usual, steps)


def _told(files: int, seconds: float, usual: Step, steps: Sequence[Step]) -> Filled:
    from django.db import connection

    from indexer.models import Chunk, Document

    blobs = Document.objects.filter(source__name=NAME).values("blob_id")
    chunks = Chunk.objects.filter(blob_id__in=blobs).count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        [size] = cursor.fetchone()
    ordered = sorted(step.p95_ms for step in steps)
    outcomes: Counter[str] = Counter()
    for step in steps:
        outcomes.update(step.outcomes)
    return Filled(
        files=files,
        chunks=chunks,
        seconds=round(seconds, 1),
        chunks_per_s=round(chunks / seconds, 1),
        database_mb=round(size / 2**20),
        alone_p95_ms=usual.p95_ms,
        beside_p95_ms=ordered[len(ordered) // 2],
        beside_requests_per_s=round(sum(one.requests_per_s for one in steps) / len(steps), 1),
        outcomes=dict(outcomes),
    )


def _await(source_id: int, started: float) -> float:
    from django.db import connection

    from indexer.models import Job

    job = Job.objects.filter(source_id=source_id, kind=Job.Kind.SYNC)
    ended = job.filter(state__in=[Job.State.DONE, Job.State.FAILED])
    try:
        while not ended.exists():
            if time.monotonic() - started > PATIENCE_S:
                raise SystemExit("the source was not read in time")
            time.sleep(0.5)
    finally:
        connection.close()
    return time.monotonic() - started


def _repository(folder: Path, files: int) -> Path:
    """Commit files of this Python's library; each further round of them has other names in it, so
    that no passage is one that is known already."""
    path = folder / NAME
    path.mkdir()
    library = Path(sysconfig.get_paths()["stdlib"])
    found = [one for one in sorted(library.rglob("*.py")) if one.stat().st_size < MAX_BYTES]
    for number in range(files):
        taken, turn = found[number % len(found)], number // len(found)
        text = taken.read_text("utf-8", "replace")
        if turn:
            text = text.replace("def ", f"def turn{turn}_").replace("self.", f"self.turn{turn}_")
        target = path / f"turn{turn}" / taken.relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    git(path, "init", "--quiet", "--initial-branch=main")
    git(path, "add", "--force", ".")
    git(path, "commit", "--quiet", "-m", "Everything")
    return path
