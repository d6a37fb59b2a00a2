"""A broker that loses everything, breaks off, says nothing or sends twice: the rows decide."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.config.celery import app
from appliance.sources.managing import request_sync
from appliance.web import watchdog
from indexer.ingestion import jobs
from indexer.models import Document, Job, Revision, Source
from indexer.tasks import dispatch_jobs
from inference.fake_server import FakeServer
from tests.brokers import sending_to
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.corpus import snapshot
from tests.indexer.ingestion.queue_bench import (
    Broker,
    Line,
    all_ended,
    many_sources,
    running_broker,
    running_worker,
    started_jobs,
)
from tests.indexer.ingestion.test_killed_worker import forget
from tests.waiting import wait_until

FILES: dict[str, str | bytes | None] = {"cart.py": "def total(items):\n    return sum(items)\n"}

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(1200),
]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with running_broker() as broker, sending_to(app, broker.url):
        yield broker


@pytest.fixture
def line(broker: Broker) -> Iterator[Line]:
    line = Line(broker)
    yield line
    line.close()


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES)


def forget_messages() -> None:
    """Let the time pass after which a job that nobody took is sent again."""
    long_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(published_at__isnull=False).update(
        published_at=long_ago, created_at=long_ago
    )


def assert_each_synced_once(sources: list[Source]) -> None:
    syncs = Job.objects.filter(kind=Job.Kind.SYNC)
    assert set(syncs.values_list("state", "attempt", "failures")) == {("done", 1, 0)}
    assert syncs.count() == len(sources)
    for model in (Revision, Document):
        assert model._default_manager.count() == len(sources)


@pytest.mark.parametrize(
    ("visibility_s", "pause_s"), [(2, 1.5), pytest.param(10, 10, marks=pytest.mark.slow)]
)
def test_g04_a_message_that_comes_again_while_its_job_runs_has_no_second_effect(
    source_factory: SourceFactory,
    broker: Broker,
    models: FakeServer,
    tmp_path: Path,
    visibility_s: int,
    pause_s: float,
) -> None:
    source = source_factory("shop", {f"m{n}.py": f"def f{n}():\n    pass\n" for n in range(6)})
    expected = snapshot()
    source = forget(source)
    job = jobs.enqueue(source)
    dispatch_jobs()
    record = tmp_path / "record"
    patience = ("--visibility-s", str(visibility_s), "--batch", "1", "--pause-s", str(pause_s))
    options = (*patience, "--record", str(record))
    with running_worker(tmp_path, broker.url, models, *options, concurrency=3):
        wait_until(lambda: all_ended() and all_ended(Job.Kind.EMBED), "the end", within_s=180)
    assert started_jobs(record).count(job.pk) > 1
    job.refresh_from_db()
    assert (job.state, job.attempt, job.failures) == (Job.State.DONE, 1, 0)
    assert Revision.objects.count() == 1
    assert snapshot() == expected
    (log,) = tmp_path.glob("worker-*.log")
    assert f"not claimed job={job.pk} this job has been taken" in log.read_text()


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_g06_a_broker_that_lost_everything_loses_no_job(
    repository: Repository,
    broker: Broker,
    models: FakeServer,
    tmp_path: Path,
    settings: Settings,
    count: int,
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    sources = many_sources("shop", count, repository.path)
    for source in sources:
        jobs.enqueue(source)
    dispatch_jobs()
    assert broker.messages() == count
    with running_worker(tmp_path, broker.url, models, concurrency=4):
        wait_until(lambda: Job.objects.filter(kind="sync", state="done").exists(), "the first sync")
        broker.kill()
        left = Job.objects.filter(kind="sync", state="queued").count()
        broker.start()
        assert left > count / 2
        forget_messages()
        wait_until(resent_and_ended(), "the end of all", within_s=300 + count)
    assert_each_synced_once(sources)


def resent_and_ended() -> Callable[[], bool]:
    """Do what the scheduler does every ten seconds, and see whether anything is left to do.

    The time after which a job is sent again passes anew as long as nothing ends: a message may
    reach a worker that is still finding its line to the broker again, and be lost with it.
    """
    ended, since = -1, 0.0

    def look() -> bool:
        nonlocal ended, since
        now = Job.objects.filter(kind="sync", state="done").count()
        if now != ended or time.monotonic() - since > 5:
            if now == ended:
                forget_messages()
            ended, since = now, time.monotonic()
        dispatch_jobs()
        time.sleep(0.5)
        return all_ended()

    return look


@pytest.mark.parametrize("seconds", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_g07_a_worker_whose_connections_break_again_and_again_consumes_again(
    repository: Repository,
    broker: Broker,
    line: Line,
    models: FakeServer,
    tmp_path: Path,
    seconds: int,
) -> None:
    before = many_sources("before", 1, repository.path)
    jobs.enqueue(before[0])
    dispatch_jobs()
    with running_worker(tmp_path, line.url, models):
        wait_until(all_ended, "the first sync")
        end = time.monotonic() + seconds
        cuts = 0
        while time.monotonic() < end:
            cuts += line.cut()
            time.sleep(2.5)
        assert cuts > seconds / 5
        after = many_sources("after", 3, repository.path)
        for source in after:
            jobs.enqueue(source)
        dispatch_jobs()
        wait_until(all_ended, "a worker that consumes again")
    assert_each_synced_once([*before, *after])


def test_g07_a_worker_whose_line_is_dead_ends_and_its_successor_consumes(
    repository: Repository, broker: Broker, line: Line, models: FakeServer, tmp_path: Path
) -> None:
    first, second = many_sources("shop", 2, repository.path)
    jobs.enqueue(first)
    dispatch_jobs()
    with running_worker(tmp_path, line.url, models, "--silence-s", "4") as worker:
        wait_until(lambda: all_ended() and all_ended(Job.Kind.EMBED), "the first sync")
        line.is_deaf = True  # connections stand and say nothing
        assert worker.wait(90) == watchdog.EXIT_CODE
    (log,) = tmp_path.glob("worker-*.log")
    assert "the worker ends, to be started again" in log.read_text()
    line.is_deaf = False
    jobs.enqueue(second)
    dispatch_jobs()
    with running_worker(tmp_path, line.url, models):
        wait_until(all_ended, "the successor")
    assert_each_synced_once([first, second])


@pytest.mark.timeout(60)
def test_g08_a_line_that_swallows_what_is_sent_holds_up_no_request(
    repository: Repository, line: Line, staff: User, client: Client
) -> None:
    first, second = many_sources("shop", 2, repository.path)
    client.force_login(staff)
    with sending_to(app, line.url):
        assert client.post(f"/sources/{first.name}/sync/").status_code == 302
        line.is_deaf = True  # the connection stands, and is used again
        started = time.monotonic()
        assert client.post(f"/sources/{second.name}/sync/").status_code == 302
        assert time.monotonic() - started < 5
    forget_messages()
    assert {job.source for job in jobs.waiting()} == {first, second}


def test_g20_nothing_is_sent_for_a_row_that_was_never_committed(
    repository: Repository, broker: Broker
) -> None:
    (source,) = many_sources("shop", 1, repository.path)
    with transaction.atomic():
        request_sync(source)
        transaction.set_rollback(True)
    assert broker.messages() == 0
    assert not Job.objects.exists()
    request_sync(source)
    assert broker.messages() == 1


def test_small_sources_end_while_a_huge_one_is_still_at_work(
    repository: Repository,
    repository_factory: RepositoryFactory,
    broker: Broker,
    models: FakeServer,
    tmp_path: Path,
) -> None:
    huge_files = {f"m{n}.py": f"def f{n}():\n    return {n}\n" for n in range(60)}
    huge_repository = repository_factory(huge_files, "huge")
    (huge,) = many_sources("huge", 1, huge_repository.path)
    small = many_sources("small", 50, repository.path)
    of_huge = jobs.enqueue(huge)
    of_small = [jobs.enqueue(source) for source in small]
    dispatch_jobs()
    record = tmp_path / "record"
    patience = ("--slice-s", "0", "--batch", "10", "--record", str(record))
    with running_worker(tmp_path, broker.url, models, *patience):
        wait_until(all_ended, "the end of all", within_s=120)
    order = started_jobs(record)
    last_small = max(order.index(job.pk) for job in of_small)
    # One slice of the huge one, and then all the others.
    assert order[: last_small + 1].count(of_huge.pk) == 1
    assert order[0] == of_huge.pk
    assert order[last_small + 1 :].count(of_huge.pk) >= 1
    of_huge.refresh_from_db()
    for job in of_small:
        job.refresh_from_db()
        assert job.ended_at is not None
        assert of_huge.ended_at is not None
        assert job.ended_at < of_huge.ended_at
    assert Document.objects.filter(source=huge).count() == 60


def test_two_huge_sources_take_turns_and_each_slice_brings_them_on(
    repository_factory: RepositoryFactory, broker: Broker, models: FakeServer, tmp_path: Path
) -> None:
    names = ("left", "right")
    of_both: list[Job] = []
    for name in names:
        files = {f"m{n}.py": f"def {name}{n}():\n    return {n}\n" for n in range(40)}
        (source,) = many_sources(name, 1, repository_factory(files, name).path)
        of_both.append(jobs.enqueue(source))
    dispatch_jobs()
    record = tmp_path / "record"
    patience = ("--slice-s", "0", "--batch", "10", "--record", str(record))
    with running_worker(tmp_path, broker.url, models, *patience):
        wait_until(all_ended, "the end of both", within_s=120)
    order = started_jobs(record)
    left, right = (job.pk for job in of_both)
    assert order[:6] == [left, right] * 3
    # Four batches each: a slice that did nothing would show as a fifth and sixth turn.
    assert max(order.count(left), order.count(right)) <= 5
    assert Document.objects.count() == 80
