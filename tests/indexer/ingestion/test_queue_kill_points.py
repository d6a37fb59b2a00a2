"""A worker killed at each marked point of its work (G01), stopped (G03), or killed whole (G02)."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.db.models import QuerySet

from appliance.config.celery import app
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.ingestion.postings import sweep_postings
from indexer.models import Job, Source
from indexer.tasks import dispatch_jobs, embed_source, sync_source
from inference.fake_server import FakeServer
from tests.brokers import sending_to
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.corpus import Snapshot, live_tree, snapshot
from tests.indexer.ingestion.queue_bench import (
    Broker,
    all_ended,
    kill_tree,
    running_broker,
    running_worker,
)
from tests.indexer.ingestion.test_killed_worker import bury, forget
from tests.processes import ROOT, product_environment
from tests.waiting import wait_until

POINTS = (
    "claim",
    "clone",
    "fetch",
    "parse",
    "chunk",
    "insert",
    "swap before commit",
    "swap after commit",
    "cleanup",
    "outbox",
    "ack",
    "embed",
)
VICTIM = "tests.indexer.ingestion.queue_victim"

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(900),
]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with running_broker() as broker:
        yield broker


def files(count: int) -> dict[str, str | bytes | None]:
    modules = {
        f"part{number % 3}/module_{number}.py": f"def handle_{number}(it):\n    return it\n"
        for number in range(count)
    }
    return {"logo.png": b"\x89PNG\0\0", **modules}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(files(30))


@pytest.fixture
def source(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


@pytest.fixture
def environment(models: FakeServer, tmp_path: Path) -> dict[str, str]:
    return product_environment(
        tmp_path,
        PLUMBLINE_EMBEDDING="server",
        PLUMBLINE_EMBEDDING_URL=models.url,
        PLUMBLINE_EMBEDDING_MODEL="fake-embedder",
        PLUMBLINE_READERS="1",
    )


def assert_clean(source: Source, expected: Snapshot, home: Path) -> None:
    sweep_postings()
    assert snapshot() == expected
    assert all_ended(Job.Kind.SYNC)
    assert all_ended(Job.Kind.EMBED), list(Job.objects.values())
    beside = {path.name for path in (home / "mirrors").iterdir() if str(source.pk) in path.name}
    assert beside <= {f"{source.pk}.git", f"{source.pk}.git.lock"}


def work_off() -> None:
    """Do what a worker does with what the rows say is left; nobody asks for anything anew."""
    while left := list(unsent()):
        for job in left:
            task = sync_source if job.kind == Job.Kind.SYNC else embed_source
            task(job.pk)


def unsent() -> QuerySet[Job]:
    """Return the jobs that wait, once the time has passed after which they are sent again."""
    Job.objects.update(published_at=None)
    return jobs.waiting()


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("point", POINTS)
def test_g01_killed_at_a_marked_point_the_next_sync_ends_as_if_it_had_not_been(
    source: Source,
    environment: dict[str, str],
    broker: Broker,
    tmp_path: Path,
    point: str,
    times: int,
) -> None:
    expected = snapshot()
    for _ in range(times):
        source = forget(source)
        victim = subprocess.run(
            [sys.executable, "-m", VICTIM, point, "sync", source.name],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert victim.returncode == -signal.SIGKILL, victim.stderr.decode()
        bury(source)
        with sending_to(app, broker.url):
            work_off()
        assert_clean(source, expected, tmp_path)
        assert {job.attempt for job in source.jobs.all()} <= {1, 2}
        assert source.jobs.filter(kind=Job.Kind.SYNC).count() == 1


def test_g02_a_worker_killed_with_all_its_processes_loses_and_doubles_nothing(
    source_factory: SourceFactory,
    repository_factory: RepositoryFactory,
    models: FakeServer,
    broker: Broker,
    tmp_path: Path,
) -> None:
    names = [f"shop{number}" for number in range(4)]
    sources = [
        source_factory(name, {**files(20), f"{name}.py": f"x = '{name}'\n"}) for name in names
    ]
    expected = snapshot()
    sources = [forget(source) for source in sources]
    with sending_to(app, broker.url):
        for source in sources:
            Job.objects.create(source=source)
        dispatch_jobs()
        with running_worker(
            tmp_path, broker.url, models, "--batch", "5", "--pause-s", "0.3", concurrency=2
        ) as worker:
            wait_until(
                lambda: Job.objects.filter(phase="read", progress_done__gt=0).exists(),
                "a stored batch",
            )
            assert worker.children(recursive=True)  # readers die too
            kill_tree(worker)
        running = Job.objects.filter(state=Job.State.RUNNING)
        assert running.count() == 2
        for source in sources:
            bury(source)
        # What the dead worker had taken is sent again after a minute; here now.
        Job.objects.update(published_at=None)
        dispatch_jobs()
        with running_worker(tmp_path, broker.url, models, concurrency=2):
            wait_until(
                lambda: all_ended(Job.Kind.SYNC) and all_ended(Job.Kind.EMBED), "the end of all"
            )
    for source in sources:
        assert_clean(source, expected, tmp_path)
    assert sorted(Job.objects.filter(kind="sync").values_list("attempt", flat=True)) == [1, 1, 2, 2]


def test_g03_a_worker_that_was_stopped_beyond_its_lease_writes_nothing_more(
    source: Source, repository: Repository, environment: dict[str, str], tmp_path: Path
) -> None:
    source = forget(source)
    stopped = psutil.Popen(
        [sys.executable, "-m", VICTIM, "stopped", "sync", source.name],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        wait_until(lambda: stopped.status() == psutil.STATUS_STOPPED, "the stop")
        bury(source)
        # What the stopped worker is about to make live is not the newest any more.
        repository.commit({"newer.py": "def newer():\n    return 1\n"})
        sync_now(source)
        expected = snapshot()
        assert "newer.py" in live_tree(source)
        before = list(source.jobs.values_list("pk", "state", "attempt", "ended_at"))
        stopped.resume()
        _, said = stopped.communicate(timeout=240)
    finally:
        if stopped.is_running():
            stopped.kill()
            stopped.wait()
    assert stopped.returncode != 0
    assert b"LeaseLost" in said or b"taken over" in said, said
    assert list(source.jobs.values_list("pk", "state", "attempt", "ended_at")) == before
    assert "newer.py" in live_tree(source)
    assert_clean(source, expected, tmp_path)
