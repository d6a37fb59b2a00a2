"""Jobs as rows: who may work, who has lost the right to, and what is tried again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from appliance.config.celery import app as celery_app
from indexer.errors import LeaseLost, SyncInProgress
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.ingestion.publish import RefUpdate, drop_other_refs, publish
from indexer.ingestion.store import store_blobs, store_embeddings
from indexer.models import Job, Source
from indexer.tasks import dispatch, sync_source
from tests.brokers import sending_to
from tests.conftest import SourceFactory
from tests.indexer.ingestion.corpus import whole_plan
from tests.services import valkey_url


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(name="shop", kind=Source.Kind.REMOTE, location="https://x.test/y")


def expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_source_has_one_waiting_job_however_often_it_is_asked(source: Source) -> None:
    assert jobs.enqueue(source) == jobs.enqueue(source)
    assert Job.objects.count() == 1


def test_a_job_can_wait_while_another_runs(source: Source) -> None:
    running = jobs.claim(jobs.enqueue(source).pk)
    waiting = jobs.enqueue(source)
    assert waiting != running
    with pytest.raises(SyncInProgress):
        jobs.claim(waiting.pk)


@pytest.mark.parametrize("state", [Job.State.QUEUED, Job.State.RUNNING])
def test_the_database_refuses_a_second_job_of_a_source(source: Source, state: str) -> None:
    Job.objects.create(source=source, state=state)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(source=source, state=state)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [Job.State.QUEUED, Job.State.RUNNING])
def test_of_many_claimants_exactly_one_wins(state: str) -> None:
    source = Source.objects.create(name="shop", kind=Source.Kind.REMOTE, location="https://x/y")
    past = timezone.now() - timedelta(seconds=1)
    job = Job.objects.create(source=source, state=state, lease_until=past)
    claimants = 4
    together = Barrier(claimants)

    def claim(_: int) -> bool:
        try:
            together.wait(10)
            jobs.claim(job.pk)
        except SyncInProgress:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(claimants) as pool:
        assert sorted(pool.map(claim, range(claimants))) == [False] * 3 + [True]
    job.refresh_from_db()
    assert job.attempt == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_one_job_is_made() -> None:
    source = Source.objects.create(name="shop", kind=Source.Kind.REMOTE, location="https://x/y")
    together = Barrier(4)

    def enqueue(_: int) -> int:
        try:
            together.wait(10)
            return jobs.enqueue(source).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(enqueue, range(4)))) == 1


def test_a_lease_that_has_not_ended_keeps_others_away(source: Source) -> None:
    job = jobs.claim(jobs.enqueue(source).pk)
    with pytest.raises(SyncInProgress):
        jobs.claim(job.pk)
    with pytest.raises(SyncInProgress):
        jobs.claim(job.pk, skip_wait=True)


def test_a_heartbeat_extends_the_lease(source: Source) -> None:
    job = jobs.claim(jobs.enqueue(source).pk)
    expire(job)
    jobs.Heartbeat(job).beat("read", 1, 2)
    with pytest.raises(SyncInProgress):
        jobs.claim(job.pk)


def test_every_write_of_a_worker_that_was_replaced_is_refused(
    source_factory: SourceFactory,
) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})
    commit = source.refs.get().commit
    dead = jobs.claim(jobs.enqueue(source).pk)
    expire(dead)
    alive = jobs.claim(dead.pk)
    update = RefUpdate("main", "branch", True, commit, timezone.now())
    plan = whole_plan(source, commit)
    with pytest.raises(LeaseLost):
        store_blobs(dead, [])
    with pytest.raises(LeaseLost):
        publish(dead, update, plan)
    with pytest.raises(LeaseLost):
        drop_other_refs(dead, [])
    with pytest.raises(LeaseLost):
        store_embeddings(dead, "model", [], [])
    with pytest.raises(LeaseLost):
        jobs.Heartbeat(dead).beat("read", 1, 2)
    store_blobs(alive, [])
    assert publish(alive, update, plan).files == 1


def test_a_worker_that_was_replaced_cannot_end_the_job(source: Source) -> None:
    dead = jobs.claim(jobs.enqueue(source).pk)
    expire(dead)
    alive = jobs.claim(dead.pk)
    jobs.finish(dead)
    jobs.fail(dead, "code", "sentence")
    jobs.retry_later(dead, "sentence")
    alive.refresh_from_db()
    assert (alive.state, alive.attempt, alive.error) == (Job.State.RUNNING, 2, "")


def test_a_failed_attempt_waits_longer_each_time_and_is_given_up_at_last(source: Source) -> None:
    waits: list[float] = []
    job = jobs.claim(jobs.enqueue(source).pk)
    while jobs.retry_later(job, "no answer"):
        job.refresh_from_db()
        assert job.lease_until is not None
        waits.append((job.lease_until - timezone.now()).total_seconds())
        with pytest.raises(SyncInProgress):
            jobs.claim(job.pk)
        expire(job)
        job = jobs.claim(job.pk)
    job.refresh_from_db()
    assert len(waits) == jobs.MAX_FAILURES - 1
    assert waits == sorted(waits)
    assert waits[0] > 10
    assert (job.state, job.error_code) == (Job.State.FAILED, "gave_up")
    assert "no answer" in job.error


def test_a_job_that_kills_its_workers_is_given_up(source: Source) -> None:
    job = jobs.enqueue(source)
    for _ in range(jobs.MAX_FAILURES):
        job = jobs.claim(job.pk)
        expire(job)
    with pytest.raises(SyncInProgress):
        jobs.claim(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "gave_up")
    assert jobs.enqueue(source) != job


def test_the_broker_hears_of_new_forgotten_and_left_jobs_alone(source: Source) -> None:
    def is_waiting(job: Job) -> bool:
        return job in jobs.waiting()

    job = jobs.enqueue(source)
    assert is_waiting(job)
    jobs.mark_published(job)
    assert not is_waiting(job)
    Job.objects.update(published_at=timezone.now() - jobs.PUBLISH_AGAIN * 2)
    assert is_waiting(job)
    job = jobs.claim(job.pk)
    assert not is_waiting(job)
    expire(job)
    assert is_waiting(job)
    jobs.finish(job)
    assert not is_waiting(job)


def test_a_message_that_comes_late_or_twice_does_nothing(source: Source) -> None:
    job = jobs.claim(jobs.enqueue(source).pk)
    sync_source(job.pk)
    jobs.finish(job)
    sync_source(job.pk)
    sync_source(job.pk + 1000)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (Job.State.DONE, 1)


def test_the_heartbeat_writes_at_most_once_a_second(
    source: Source, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    beat = jobs.Heartbeat(jobs.claim(jobs.enqueue(source).pk)).beat
    with django_assert_max_num_queries(2):  # the lease, and whether it is paused
        for done in range(50):
            beat("fetch", done, 0)
            beat("fetch", done, 100)


def test_a_sync_by_hand_takes_its_turn_after_the_running_job(
    source_factory: SourceFactory,
) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})
    running = jobs.claim(jobs.enqueue(source).pk)
    seen: list[str] = []

    def on_progress(phase: str, done: int, total: int) -> None:
        seen.append(phase)
        if len(seen) == 1:
            jobs.finish(running)

    jobs.Heartbeat(running).beat("embed", 1, 2)
    report = sync_now(source, on_progress)
    assert report.files == 1
    assert seen[:2] == ["embed", "fetch"]
    assert source.jobs.filter(kind=Job.Kind.SYNC, state=Job.State.DONE).count() == 3


@pytest.mark.parametrize("left_by", ["a dead worker", "a failed attempt"])
def test_a_sync_by_hand_goes_on_with_a_job_that_nobody_works_on(
    source_factory: SourceFactory, left_by: str
) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})
    left = jobs.claim(jobs.enqueue(source).pk)
    if left_by == "a dead worker":
        expire(left)
    else:
        jobs.retry_later(left, "no answer")
    assert sync_now(source).files == 1
    left.refresh_from_db()
    assert (left.state, left.attempt, left.error) == (Job.State.DONE, 2, "")


def test_a_sync_that_is_interrupted_lets_the_next_one_begin_at_once(
    source_factory: SourceFactory,
) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})

    def interrupt(phase: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync_now(source, interrupt)
    assert sync_now(source).files == 1


def grow_older(seconds: int) -> None:
    """Let time pass for the jobs."""
    passed = timedelta(seconds=seconds)
    fields = ("created_at", "started_at", "published_at", "lease_until")
    Job.objects.update(**{field: F(field) - passed for field in fields})


def send_for(seconds: int) -> list[int]:
    """Look every ten seconds whether the job is to be sent; return when it was."""
    sent = []
    for second in range(0, seconds, 10):
        for job in jobs.waiting():
            jobs.mark_published(job)
            sent.append(second)
        grow_older(10)
    return sent


def test_a_job_that_waits_is_sent_again_after_twice_as_long_up_to_ten_minutes(
    source: Source,
) -> None:
    jobs.enqueue(source)
    sent = send_for(3000)
    assert len(sent) in {8, 9}
    for waited, again in pairwise(sent):
        pause = min(600, max(60, waited))
        assert pause <= again - waited <= pause + 10, sent


def test_a_job_that_a_worker_left_is_sent_as_one_that_is_new(source: Source) -> None:
    job = jobs.enqueue(source)
    send_for(3000)
    job = jobs.claim(job.pk)
    expire(job)
    assert send_for(70) == [0, 60]


def test_a_job_that_made_room_is_sent_as_one_that_is_new(source: Source) -> None:
    job = jobs.enqueue(source)
    send_for(3000)
    jobs.release(jobs.claim(job.pk))
    assert send_for(70) == [0, 60]


@pytest.mark.services
def test_after_the_broker_lost_its_queue_every_job_is_taken_within_ten_minutes(db: None) -> None:
    with sending_to(celery_app, valkey_url()):
        for number, age_s in enumerate((0, 90, 700, 5000)):
            new = Source.objects.create(name=f"s{number}", kind="remote", location="https://x/y")
            jobs.enqueue(new)
            for _ in range(age_s // 10):
                dispatch()
                grow_older(10)
        messages()
        taken: set[int] = set()
        for _ in range(int(jobs.PUBLISH_AGAIN_AT_MOST.total_seconds()) // 10 + 2):
            dispatch()
            taken |= {jobs.claim(job_id).pk for job_id in messages()}
            grow_older(10)
    assert taken == set(Job.objects.values_list("pk", flat=True))
    assert len(taken) == 4


@pytest.mark.services
def test_what_a_dead_broker_did_not_take_is_sent_as_soon_as_it_is_back(source: Source) -> None:
    job = jobs.enqueue(source)
    broker = valkey_url()
    with sending_to(celery_app, broker.replace("valkey.sock", "nobody.sock")):
        dispatch()
    with sending_to(celery_app, broker):
        dispatch()
        assert messages() == [job.pk]


def messages() -> list[int]:
    """Take what the broker holds for the workers: the ids of the jobs."""
    with celery_app.connection_for_read() as connected:
        channel: Any = connected.default_channel
        queue = celery_app.amqp.router.route({}, sync_source.name)["queue"]
        ids = []
        while message := channel.basic_get(queue.name, no_ack=True):
            ids.append(int(message.payload[0][0]))
        return ids
