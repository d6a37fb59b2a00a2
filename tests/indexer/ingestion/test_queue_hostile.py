"""A queue that is full, that somebody else writes to, and whose clock strikes five times."""

from __future__ import annotations

import base64
import json
import pickle
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Thread
from unittest import mock
from uuid import uuid4

import pytest
import redis
from django.db import connection
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.config.celery import app
from appliance.web.health import check_queue
from indexer.ingestion import jobs
from indexer.models import Job
from indexer.tasks import dispatch_jobs, sync_source
from inference.fake_server import FakeServer
from tests.brokers import sending_to
from tests.conftest import RepositoryFactory
from tests.indexer.ingestion.queue_bench import (
    Broker,
    all_ended,
    many_sources,
    running_broker,
    running_worker,
)
from tests.waiting import wait_until

FILES: dict[str, str | bytes | None] = {"cart.py": "def total(items):\n    return sum(items)\n"}
SCHEDULERS = 5

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with running_broker() as broker, sending_to(app, broker.url):
        yield broker


@pytest.fixture
def raw(broker: Broker) -> Iterator[redis.Redis]:
    """Lead to the queue past the product."""
    with redis.Redis.from_url(broker.url.replace("redis+socket", "unix")) as client:
        yield client


def fill(client: redis.Redis) -> None:
    """Leave the queue no memory for one more message."""
    client.config_set("maxmemory", "3mb")
    with suppress(redis.OutOfMemoryError):
        for number in range(10_000):
            client.set(f"filling{number}", b"x" * 65536)
    with pytest.raises(redis.OutOfMemoryError):
        client.set("one more", b"x" * 65536)


def test_g09_a_full_queue_loses_no_job_and_fails_no_request(
    broker: Broker,
    raw: redis.Redis,
    repository_factory: RepositoryFactory,
    settings: Settings,
    tmp_path: Path,
    client: Client,
    staff: User,
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    (source,) = many_sources("shop", 1, repository_factory(FILES).path)
    fill(raw)
    client.force_login(staff)
    assert client.post(f"/sources/{source.name}/sync/").status_code < 400
    job = Job.objects.get(source=source)
    assert job.state == Job.State.QUEUED
    dispatch_jobs()  # the scheduler's turn: refused too, and nobody falls over
    raw.config_set("maxmemory", "256mb")
    Job.objects.update(published_at=None)
    dispatch_jobs()
    assert broker.messages() >= 1
    sync_source(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE


def test_g09_a_queue_that_throws_messages_away_is_named(broker: Broker, raw: redis.Redis) -> None:
    assert check_queue().state == "ok"
    raw.config_set("maxmemory-policy", "allkeys-lru")
    told = check_queue()
    assert told.state == "failed"
    assert "allkeys-lru" in told.detail
    assert "noeviction" in told.next_step


class Touch:
    """Pickled, it is a command that leaves a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def message(task: str, body: bytes, content_type: str = "application/json") -> str:
    tag = str(uuid4())
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": content_type,
            "headers": {"lang": "py", "task": task, "id": tag, "root_id": tag, "parent_id": None},
            "properties": {
                "correlation_id": tag,
                "delivery_tag": tag,
                "delivery_info": {"exchange": "", "routing_key": "sync"},
                "delivery_mode": 2,
                "priority": 0,
                "body_encoding": "base64",
            },
        }
    )


def test_g10_hostile_messages_run_nothing_and_the_next_job_is_done(
    broker: Broker,
    raw: redis.Redis,
    repository_factory: RepositoryFactory,
    models: FakeServer,
    tmp_path: Path,
    settings: Settings,
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    canary = tmp_path / "canary"
    poison = pickle.dumps([[Touch(canary)], {}, {}])
    name = "indexer.tasks.sync_source"
    hostile = [
        message(name, poison, "application/x-python-serialize"),
        message(name, b"!!python/object/apply:os.system ['true']", "application/x-yaml"),
        message("os.system", json.dumps([[f"touch {canary}"], {}, {}]).encode()),
        message(name, b"{not json"),
        message(name, json.dumps([["; DROP TABLE"], {}, {}]).encode()),
        message(name, json.dumps([[1, 2, 3], {"x": 1}, {}]).encode()),
        message(name, json.dumps([[10**30], {}, {}]).encode()),
        message(name, b"[[" + b"1," * 1_000_000 + b"1], {}, {}]"),
    ]
    sources = many_sources("shop", 2, repository_factory(FILES).path)
    for source in sources:
        jobs.enqueue(source)
    # Taken from the other end: what is pushed first is handed out first.
    for text in hostile:
        raw.lpush("sync", text)
    dispatch_jobs()
    with running_worker(tmp_path, broker.url, models):
        wait_until(all_ended, "the end of the jobs behind them", within_s=120)
    assert set(Job.objects.filter(kind="sync").values_list("state", "failures")) == {("done", 0)}
    assert not canary.exists()
    (log,) = tmp_path.glob("worker-*.log")
    assert "DROP TABLE" not in log.read_text() or "ValueError" in log.read_text()


def test_g19_five_schedulers_send_each_job_once(
    repository_factory: RepositoryFactory, settings: Settings, tmp_path: Path
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    sources = many_sources("shop", 20, repository_factory(FILES).path)
    for source in sources:
        jobs.enqueue(source)
    sent: list[int] = []
    start = Barrier(SCHEDULERS)

    def tick() -> None:
        start.wait()
        dispatch_jobs()
        connection.close()

    with mock.patch.object(sync_source, "delay", sent.append):  # what the broker would hear
        ticks = [Thread(target=tick) for _ in range(SCHEDULERS)]
        for one in ticks:
            one.start()
        for one in ticks:
            one.join()
    # The broker may hear of a job more than once; what counts is that it is done once.
    assert set(sent) == set(Job.objects.values_list("pk", flat=True))
    for job_id in sent:
        sync_source(job_id)
    done = Counter(Job.objects.filter(kind="sync").values_list("source_id", "state", "attempt"))
    assert done == {(source.pk, "done", 1): 1 for source in sources}
