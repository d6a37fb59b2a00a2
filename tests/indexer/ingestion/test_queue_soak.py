"""A worker that has synced many repositories is as large as before (G21)."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from appliance.config.celery import app
from indexer.ingestion import jobs
from indexer.models import Job, Source
from indexer.tasks import dispatch_jobs
from inference.fake_server import FakeServer
from tests.brokers import sending_to
from tests.conftest import RepositoryFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.queue_bench import (
    all_ended,
    many_sources,
    running_broker,
    running_worker,
)
from tests.waiting import wait_until

MEGABYTE = 1024 * 1024
ROUND = 100  # jobs between two looks
REPOSITORIES = 20
# The pool of connections to the broker fills when threads happen to publish at the same moment, now
# or after a thousand jobs; each has an epoll and two sockets (kombu's Redis transport).
OF_A_POOLED_CONNECTION = 3

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(3600),
]


def repositories(make: RepositoryFactory) -> list[Repository]:
    return [
        make({f"m{n}.py": f"def f{n}_{number}():\n    pass\n" for n in range(3)}, f"r{number}")
        for number in range(REPOSITORIES)
    ]


def slope_of(values: list[float]) -> float:
    """Return how much a value grows from one look to the next, by least squares."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    above = sum((x - middle) * (value - mean) for x, value in enumerate(values))
    return above / sum((x - middle) ** 2 for x in range(len(values)))


def test_the_slope_is_that_of_a_line() -> None:
    assert slope_of([5.0, 7.0, 9.0]) == pytest.approx(2)
    assert slope_of([3.0, 3.0, 3.0, 3.0]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("count", [1000, 5000])
def test_g21_memory_and_descriptors_do_not_grow_with_the_number_of_jobs(
    repository_factory: RepositoryFactory,
    models: FakeServer,
    tmp_path: Path,
    settings: Settings,
    count: int,
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    folders = repositories(repository_factory)
    resident: list[float] = []
    descriptors: list[int] = []
    with (
        running_broker() as broker,
        sending_to(app, broker.url),
        running_worker(tmp_path, broker.url, models, concurrency=4) as worker,
    ):
        for first in range(0, count, ROUND):
            run_round(folders, first)
            process = psutil.Process(worker.pid)
            resident.append(process.memory_info().rss / MEGABYTE)
            descriptors.append(process.num_fds())
    assert Job.objects.filter(kind=Job.Kind.SYNC, state=Job.State.DONE).count() == count
    assert Source.objects.count() == count
    warm = slice(2, None)  # the first rounds load modules and fill pools
    told = f"MB {[round(one) for one in resident]}, descriptors {descriptors}"
    assert slope_of(resident[warm]) < 1.0, told
    pool = OF_A_POOLED_CONNECTION * app.conf.broker_pool_limit
    assert max(descriptors[warm]) - min(descriptors[warm]) <= pool, told


def run_round(folders: list[Repository], first: int) -> None:
    for number, folder in enumerate(folders):
        for source in many_sources(f"s{first}-{number}-", ROUND // REPOSITORIES, folder.path):
            jobs.enqueue(source)
    dispatch_jobs()
    wait_until(lambda: all_ended() and all_ended(Job.Kind.EMBED), "the round", within_s=300)
