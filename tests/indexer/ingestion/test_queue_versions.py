"""While an upgrade is under way, programs of two versions may hear each other's messages."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

from appliance.config.celery import app
from indexer.ingestion import jobs
from indexer.models import Job
from indexer.tasks import dispatch_jobs
from inference.fake_server import FakeServer
from tests.brokers import sending_to
from tests.conftest import RepositoryFactory
from tests.indexer.ingestion.queue_bench import (
    all_ended,
    many_sources,
    running_broker,
    running_worker,
)
from tests.indexer.ingestion.test_queue_hostile import FILES, message
from tests.waiting import wait_until

# What a message may say, to workers of the version before too. Before one of these lines changes
# or goes: a new task gets a new name, a new parameter a default, and what is no longer sent stays
# here, and in the product, for one version more.
SAID = {
    "appliance.accounts.tasks.sync_one": ["directory_id"],
    "appliance.conversations.tasks.answer_question": ["message_id"],
    "appliance.conversations.tasks.note_turns": ["message_id"],
    "appliance.sources.tasks.sync_one_host_access": ["access_id"],
    "appliance.web.tasks.beat": ["name"],
    "indexer.tasks.embed_source": ["job_id"],
    "indexer.tasks.evaluate_run": ["run_id"],
    "indexer.tasks.sync_source": ["job_id"],
}
BARE = {
    "appliance.accounts.tasks": {
        "end_what_is_over", "forget_expired_sign_ins", "sync_directories", "tell_admins",
    },
    "appliance.audit.tasks": {"deliver", "prune_expired", "sign_head", "verify"},
    "appliance.conversations.tasks": {"forget_removed", "look_at_citations", "rescue_answers"},
    "appliance.sources.tasks": {
        "deliver_notifications", "forget_removed_places", "look_at_searches", "sync_host_accesses",
    },
    "appliance.web.tasks": {"back_up_nightly"},
    "indexer.tasks": {
        "dispatch_jobs", "dispatch_runs", "evaluate", "keep_vector_indexes", "learn_ranking",
        "poll_sources", "prune", "sweep", "take_over_embedding",
    },
}  # fmt: skip


def test_h07_a_worker_of_the_version_before_understands_every_message() -> None:
    app.loader.import_default_modules()
    known = {
        name: [one.name for one in inspect.signature(task.run).parameters.values()
               if one.default is inspect.Parameter.empty]
        for name, task in app.tasks.items()
        if not name.startswith("celery.")
    }  # fmt: skip
    bare: dict[str, list[str]] = {
        f"{module}.{name}": [] for module, names in BARE.items() for name in names
    }
    # A task that is new is told of in none of them: the version before is never sent it by name.
    assert {name: known.get(name) for name in SAID | bare} == SAID | bare


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(600)
def test_h07_messages_of_another_version_lose_no_job_and_stop_no_worker(
    repository_factory: RepositoryFactory,
    models: FakeServer,
    tmp_path: Path,
    settings: Settings,
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    sources = many_sources("shop", 3, repository_factory(FILES).path)
    waiting = [jobs.enqueue(source) for source in sources]
    other = [
        message("indexer.tasks.sync_source", said([waiting[0].pk], {"slice_of": 3})),
        message("indexer.tasks.sync_source", said([], {"job": waiting[1].pk})),
        message("indexer.tasks.sync_sources_together", said([[one.pk for one in waiting]], {})),
    ]
    with running_broker() as broker, sending_to(app, broker.url):
        address = broker.url.replace("redis+socket", "unix")
        with redis.Redis.from_url(address) as raw, running_worker(tmp_path, broker.url, models):
            for job in waiting:
                jobs.mark_published(job)  # as their sender did
            for text in other:
                raw.lpush("sync", text)
            wait_until(lambda: broker.messages() == 0, "the worker has looked at all of them")
            assert not Job.objects.exclude(state=Job.State.QUEUED).exists()
            Job.objects.update(published_at=None)  # sent so long ago that it may be sent again
            dispatch_jobs()
            wait_until(all_ended, "the end of every job", within_s=300)
    ended = set(Job.objects.filter(kind="sync").values_list("state", "failures", "attempt"))
    assert ended == {("done", 0, 1)}


def said(args: list[object], kwargs: dict[str, object]) -> bytes:
    return json.dumps([args, kwargs, {}]).encode()
