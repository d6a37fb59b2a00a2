"""A sync that is killed anywhere: the next one finishes, and nothing shows that it happened."""

from __future__ import annotations

import random
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from indexer.ingestion.inline import sync_now
from indexer.ingestion.postings import sweep_postings
from indexer.ingestion.pruning import prune
from indexer.models import Job, Source
from inference.fake_server import FakeServer
from tests.conftest import RepositoryFactory, SourceFactory
from tests.indexer.ingestion.corpus import Snapshot, snapshot
from tests.processes import MANAGE, product_environment

FILES = 250  # more than one batch of blobs, and several of vectors
PHASES = ("fetch", "read", "embed")
LONGEST_DELAY_S = 0.25

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


def large_repository() -> dict[str, str | bytes | None]:
    files: dict[str, str | bytes | None] = {"logo.png": b"\x89PNG\0\0", "empty.txt": ""}
    for number in range(FILES):
        files[f"part{number % 7}/module_{number}.py"] = (
            f"def handle_{number}(request):\n    return respond(request, {number})\n"
        )
    return files


def kill_within(phase: str, delay_s: float, source: Source, environment: dict[str, str]) -> bool:
    """Start a sync in a process of its own and kill it in that phase; False when it had ended."""
    worker = subprocess.Popen(
        [*MANAGE, "sync", source.name],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    reached = Job.objects.filter(
        source=source, state=Job.State.RUNNING, lease_until__gt=timezone.now()
    ).filter(phase__in=PHASES[PHASES.index(phase) :])
    while worker.poll() is None and not reached.exists():
        time.sleep(0.01)
    time.sleep(delay_s)
    worker.kill()
    return worker.wait() != 0


def bury(source: Source) -> None:
    """Let the lease of the dead worker end now instead of in two minutes."""
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(source=source, state=Job.State.RUNNING).update(lease_until=past)


def forget(source: Source) -> Source:
    """Bring the corpus back to the moment after `connect`."""
    again = Source(name=source.name, kind=source.kind, location=source.location)
    again.from_command_line = source.from_command_line
    source.delete()
    prune()
    again.save()
    return again


def assert_killing_leaves_no_trace(
    source: Source, expected: Snapshot, kills: int, seed: int, environment: dict[str, str]
) -> None:
    dice = random.Random(seed)  # noqa: S311  no secret: the same kills for the same number
    killed = 0
    while killed < kills:
        source = forget(source)
        for phase in dice.choices(PHASES, k=min(5, kills - killed)):
            hit = kill_within(phase, dice.uniform(0, LONGEST_DELAY_S), source, environment)
            killed += hit
            bury(source)
            if not hit:
                break
        sync_now(source)
        sweep_postings()
        assert snapshot() == expected, f"seed {seed}, after {killed} kills"
        assert not source.jobs.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).exists()


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_syncs_end_as_if_nothing_had_happened(
    kills: int,
    source_factory: SourceFactory,
    repository_factory: RepositoryFactory,
    models: FakeServer,
    tmp_path: Path,
) -> None:
    repository = repository_factory(large_repository())
    source = source_factory("large", repository=repository)
    expected = snapshot()
    assert len(expected.documents) == len(expected.embeddings) == FILES
    environment = product_environment(
        tmp_path,
        PLUMBLINE_EMBEDDING="server",
        PLUMBLINE_EMBEDDING_URL=models.url,
        PLUMBLINE_EMBEDDING_MODEL="fake-embedder",
    )
    seed = random.randrange(10**6)  # noqa: S311
    assert_killing_leaves_no_trace(source, expected, kills, seed, environment)
