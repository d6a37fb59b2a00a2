"""A credential is nowhere but sealed in its row, whatever a worker did with it (A06)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from appliance.config.celery import app
from appliance.sources.managing import connect
from appliance.sources.traces.everywhere import everywhere
from indexer.fetching.values import Credential
from indexer.ingestion import jobs
from indexer.models import Job
from indexer.tasks import dispatch_jobs
from inference.fake_server import FakeServer
from tests.brokers import sending_to
from tests.conftest import RepositoryFactory
from tests.gitserver import GitHandler, GitServer, serve_git
from tests.indexer.ingestion.queue_bench import Broker, running_broker, running_worker
from tests.waiting import wait_until

SECRET = "glpat-A06worker5e80c1d7"
PAIR = base64.b64encode(f"ada:{SECRET}".encode()).decode()

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]


@pytest.fixture
def server(tmp_path: Path, repository_factory: RepositoryFactory) -> Iterator[GitServer]:
    (tmp_path / "served").mkdir()
    repository_factory({"tide.py": "def tide():\n    return 1\n"}).bare(
        tmp_path / "served/shop.git"
    )
    with serve_git(tmp_path / "served") as running:
        running.username, running.secret = "ada", SECRET
        yield running


@pytest.fixture
def broker(settings: Settings, tmp_path: Path) -> Iterator[Broker]:
    settings.PLUMBLINE_HOME = tmp_path
    settings.PLUMBLINE_CACHE, settings.UPLOADS_DIR = tmp_path / "cache", tmp_path / "uploads"
    settings.MIRRORS_DIR, settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "mirrors", str(tmp_path)
    settings.GIT_ALLOW_HTTP, settings.GIT_ALLOWED_NETWORKS = True, ["127.0.0.0/8"]
    with running_broker() as broker, sending_to(app, broker.url):
        settings.CELERY_BROKER_URL = broker.url
        yield broker


def test_a06_a_worker_leaves_no_credential_in_its_log_its_files_its_queue_or_a_table(
    server: GitServer, broker: Broker, models: FakeServer, tmp_path: Path
) -> None:
    read = connect(server.url("shop.git"), name="shop", credential=Credential("ada", SECRET))
    refused = connect(server.url("gone.git"), name="gone", credential=Credential("ada", SECRET))
    server.behaviour = _say_it_back
    for source in (read, refused):
        jobs.enqueue(source)
    dispatch_jobs()
    web = {"PLUMBLINE_GIT_ALLOW_HTTP": "true", "PLUMBLINE_GIT_NETWORKS": "127.0.0.0/8"}
    with running_worker(tmp_path, broker.url, models, "--loglevel", "debug", settings=web):
        wait_until(lambda: read.jobs.filter(state=Job.State.DONE).exists(), "the sync")
        wait_until(lambda: refused.jobs.exclude(error="").exists(), "the refusal")
        wait_until(lambda: broker.messages() == 0, "an idle worker")
    assert set(server.authorizations) == {server.expected_authorization}
    (log,) = tmp_path.glob("worker-*.log")
    assert "indexer.tasks.sync_source" in log.read_text()  # it tells what it does
    assert "The token *****" in refused.jobs.latest("pk").error
    for form in (SECRET, PAIR):
        assert list(everywhere(form.encode())) == []


def _say_it_back(handler: GitHandler) -> bool:
    if not handler.path.startswith("/gone.git"):
        return False
    handler.send_plain(
        404, f"The token {SECRET} in {PAIR} is unknown".encode(), Content_Type="text/plain"
    )
    return True
