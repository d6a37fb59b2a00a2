"""A message of the queue that comes again, or too late, is counted and does nothing."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from indexer.ingestion import jobs
from indexer.models import Job, Revision
from indexer.tasks import embed_source, sync_source
from tests.conftest import SourceFactory

pytestmark = pytest.mark.django_db


def not_claimed() -> float:
    return REGISTRY.get_sample_value("plumbline_jobs_not_claimed_total") or 0.0


def test_a_message_that_comes_twice_is_counted(source_factory: SourceFactory) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})
    job = jobs.enqueue(source)
    before, revisions = not_claimed(), Revision.objects.count()
    sync_source(job.pk)
    assert not_claimed() == before
    sync_source(job.pk)
    assert not_claimed() == before + 1
    assert Revision.objects.count() == revisions


@pytest.mark.parametrize("task", [sync_source, embed_source])
def test_a_message_of_no_job_is_counted(task: object) -> None:
    assert callable(task)
    before = not_claimed()
    task(4711)
    assert not_claimed() == before + 1
    assert not Job.objects.exists()
