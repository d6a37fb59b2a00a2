"""Claims at once by many (G15), and locks whose holder died or stands still (G16, G03)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from statistics import quantiles

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from indexer.errors import SyncInProgress
from indexer.ingestion import jobs
from indexer.models import Job, Source
from indexer.tasks import dispatch
from tests.processes import ROOT, product_environment
from tests.waiting import wait_until

CLAIMERS = 8
HOLD = """
import sys, django
django.setup()
from django.db import connection, transaction
from indexer.ingestion import jobs
from indexer.models import Job
jobs.STALLED_S = 2
with transaction.atomic(), connection.cursor() as cursor:
    jobs.fence(Job.objects.get(pk=sys.argv[1]))
    print("held", flush=True)
    if sys.argv[2] == "busy":
        cursor.execute("SELECT pg_sleep(600)")
    sys.stdin.read()
"""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def source(name: str) -> Source:
    return Source.objects.create(name=name, kind=Source.Kind.REMOTE, location="https://x.test/y")


CLAIM = """
import json, random, sys, time, django
django.setup()
from indexer.errors import SyncInProgress
from indexer.ingestion import jobs
from indexer.models import Job
own = list(Job.objects.values_list("pk", flat=True))
random.Random(sys.argv[1]).shuffle(own)
print("ready", flush=True)
sys.stdin.readline()
won = []
for job_id in own:
    started = time.monotonic()
    try:
        jobs.claim(job_id)
    except SyncInProgress:
        continue
    won.append((job_id, time.monotonic() - started))
print(json.dumps(won))
"""


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_g15_eight_claimers_take_each_job_once(count: int) -> None:
    """Here they share two cores with everything else: how long it takes is for the test below."""
    assert p95_of(CLAIMERS, count) > 0


@pytest.mark.slow
def test_g15_a_claim_takes_less_than_20_ms_where_each_claimer_has_a_core() -> None:
    """To be run on a quiet machine; one core is left to the database."""
    claimers = max(1, min(CLAIMERS, (os.cpu_count() or 1) - 1))
    p95 = p95_of(claimers, 1000)
    assert p95 < 0.02, f"{claimers} claimers: p95 {p95 * 1000:.1f} ms"


def p95_of(claimers: int, count: int) -> float:
    """Let each try every job, as if the broker had sent each message to each worker.

    Return how long all but the slowest twentieth of the claims that won took.
    """
    sources = Source.objects.bulk_create(
        Source(name=f"shop{number}", kind=Source.Kind.REMOTE, location="https://x.test/y")
        for number in range(count)
    )
    made = Job.objects.bulk_create(Job(source=one) for one in sources)
    with ExitStack() as stack:
        running = [stack.enter_context(claimer(seed)) for seed in range(claimers)]
        for one in running:
            assert said(one) == "ready"
        for one in running:
            tell(one, "go")
        won = [claim for one in running for claim in json.loads(said(one))]
    assert sorted(job_id for job_id, _ in won) == sorted(job.pk for job in made)
    assert set(Job.objects.values_list("state", "attempt")) == {("running", 1)}
    return float(quantiles([seconds for _, seconds in won], n=20)[-1])


@contextmanager
def claimer(seed: int) -> Iterator[psutil.Popen]:
    with psutil.Popen(
        [sys.executable, "-c", CLAIM, str(seed)],
        cwd=ROOT,
        env=product_environment(ROOT),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def said(process: psutil.Popen) -> str:
    return str(process.stdout.readline()).strip()


def tell(process: psutil.Popen, word: str) -> None:
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def end_sleepers() -> None:
    """End statements that their dead worker has left, so that tables can be emptied after all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )


def is_somebody_asleep() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )
        return cursor.fetchone() is not None


@contextmanager
def holder(job: Job, how: str) -> Iterator[psutil.Popen]:
    """Run a worker that holds its job's row in a transaction."""
    with psutil.Popen(
        [sys.executable, "-c", HOLD, str(job.pk), how],
        cwd=ROOT,
        env=product_environment(ROOT),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "held\n"
            if how == "busy":
                wait_until(is_somebody_asleep, "the statement")
            yield process
        finally:
            with suppress(psutil.NoSuchProcess):
                process.kill()
            end_sleepers()


def dead(job: Job) -> Job:
    """Return the job as it is when its worker's lease has ended."""
    claimed = jobs.claim(job.pk)
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(lease_until=past)
    return claimed


def seconds_of(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def claimed_within(job: Job, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            jobs.claim(job.pk)
        except SyncInProgress:
            time.sleep(0.1)
        else:
            return True
    return False


def refused(job: Job) -> None:
    with pytest.raises(SyncInProgress):
        jobs.claim(job.pk)


def test_g16_the_lock_of_a_worker_killed_in_a_statement_is_free_in_three_seconds() -> None:
    job = dead(jobs.enqueue(source("shop")))
    with holder(job, "busy") as process:
        process.kill()
        process.wait()
        assert claimed_within(job, 3.0)


def test_g03_a_worker_that_stands_still_in_a_transaction_is_replaced() -> None:
    job = dead(jobs.enqueue(source("shop")))
    with holder(job, "idle") as process:
        process.suspend()
        assert claimed_within(job, 10.0)
        process.resume()


def test_g03_a_locked_job_holds_up_nobody_else() -> None:
    job = dead(jobs.enqueue(source("shop")))
    other = jobs.enqueue(source("other"))
    with holder(job, "busy") as process:
        process.suspend()
        # Its statement never ends and nobody dies, so nothing frees this lock.
        assert seconds_of(lambda: refused(job)) < 30
        assert seconds_of(lambda: list(jobs.waiting())) < 30
        assert seconds_of(lambda: jobs.mark_published(job)) < 30
        assert seconds_of(dispatch) < 30
        jobs.claim(other.pk)
