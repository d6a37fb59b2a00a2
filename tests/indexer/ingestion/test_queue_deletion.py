"""What was removed is gone within fifteen minutes, by the schedule that the product runs."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.config.celery import app
from appliance.conversations import asking
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from appliance.sources.managing import remove
from appliance.sources.traces.everywhere import everywhere
from appliance.sources.traces.places import Trace
from indexer.ingestion import jobs
from indexer.models import Job, Source
from indexer.retrieval.search import search
from indexer.scope import Scope
from indexer.tasks import dispatch_jobs
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.brokers import sending_to
from tests.conftest import SourceFactory
from tests.indexer.ingestion.queue_bench import (
    Broker,
    all_ended,
    running_broker,
    running_worker,
)
from tests.waiting import wait_until

CANARY = "canary_5e80c1"
PROMISED_S = 15 * 60
FILES: dict[str, str | bytes | None] = {
    f"part{number}/{CANARY}_{number}.py": f"def {CANARY}_{number}(tide):\n    return tide\n"
    for number in range(12)
}

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),
]


@pytest.fixture
def broker(settings: Settings, tmp_path: Path, models: FakeServer) -> Iterator[Broker]:
    """A broker and a data folder of this test's own, so that everything can be searched."""
    home = tmp_path / "home"
    home.mkdir()
    settings.PLUMBLINE_HOME = home
    settings.PLUMBLINE_CACHE = home / "cache"
    settings.UPLOADS_DIR = home / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = str(home)
    with running_broker() as broker, sending_to(app, broker.url):
        settings.CELERY_BROKER_URL = broker.url
        yield broker


@pytest.fixture
def source(broker: Broker, settings: Settings, source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def left() -> set[str]:
    found = list(everywhere(CANARY.encode()))
    assert all(isinstance(one, Trace) for one in found), found
    return {one.place for one in found if isinstance(one, Trace)}


def scheduled() -> list[tuple[float, Any, list[str]]]:
    """Return every task of the product's schedule with its period and its arguments."""
    app.loader.import_default_modules()
    schedule: dict[str, dict[str, Any]] = product.CELERY_BEAT_SCHEDULE
    return [
        (entry["schedule"], app.tasks[entry["task"]], entry.get("args", []))
        for entry in schedule.values()
    ]


def seconds_until_gone() -> int:
    """Run what the scheduler would run, second by second, until the canary is nowhere.

    The removal came just after each of the tasks had run: no moment is worse.
    """
    for second in range(1, PROMISED_S + 1):
        due = [(task, given) for period, task, given in scheduled() if second % period == 0]
        for task, given in due:
            task(*given)
        if due and second % 60 == 0 and not left():
            return second
    raise AssertionError(f"after {PROMISED_S} s the canary is in {sorted(left())}")


def test_what_was_searched_and_asked_for_is_gone_in_time(
    source: Source, models: FakeServer, owner: User
) -> None:
    found = search(CANARY, scope=Scope(frozenset({source.pk})))
    assert found.hits
    models.model.script = Script(text="It is defined there [E1].")
    answer = asking.ask(owner, "Where is the tide returned, and by what?")
    answer_question(str(answer.pk))
    answer = Message.objects.get(pk=answer.pk)
    assert (answer.state, answer.evidence_links.exists()) == (Message.State.DONE, True)
    assert len(left()) > 3
    remove(source)
    seconds = seconds_until_gone()
    assert seconds <= PROMISED_S / 2  # room for a busy machine
    assert not Job.objects.exists()


def test_what_a_worker_was_reading_is_gone_in_time(
    source: Source, broker: Broker, models: FakeServer, settings: Settings
) -> None:
    remove(source)
    assert seconds_until_gone() <= PROMISED_S
    again = Source(name="shop", kind=source.kind, location=source.location, from_command_line=True)
    again.save()
    jobs.enqueue(again)
    dispatch_jobs()
    home = Path(settings.PLUMBLINE_HOME).parent  # the mirrors of this test lie there
    patience = ("--batch", "2", "--pause-s", "0.5")
    with running_worker(home, broker.url, models, *patience):
        wait_until(
            lambda: Job.objects.filter(phase="read", progress_done__gt=0).exists(),
            "a stored batch",
        )
        assert "table indexer_blob, column text" in left()
        mirror = home / "mirrors" / f"{again.pk}.git"
        with mirror.with_name(f"{mirror.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as a fetch does
            remove(again)
        assert mirror.exists()
        wait_until(all_ended, "the end of the job")
        wait_until(lambda: broker.messages() == 0, "an idle worker")
        assert seconds_until_gone() <= PROMISED_S
    assert not mirror.exists()


def test_the_schedule_leaves_room_for_a_prune_that_has_to_come_twice() -> None:
    """A mirror that is busy, or content that is locked, waits for the next time."""
    periods = {task.name: period for period, task, _ in scheduled()}
    most_tries = 2
    longest_answer_of_a_stopped_worker_s = jobs.HEARTBEAT_S + jobs.LEASE.total_seconds()
    wait_s = most_tries * periods["indexer.tasks.prune"] + longest_answer_of_a_stopped_worker_s
    assert wait_s < PROMISED_S
