"""When an origin is looked at: on time, never all at once, and not while there is no use."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from indexer.freshness import AT_ONCE, interval_of, note_push, poll_due
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.ingestion.sync import sync
from indexer.models import Job, Revision, Source
from indexer.tasks import sync_source
from tests.conftest import RepositoryFactory, SourceFactory

pytestmark = pytest.mark.django_db


def make(name: str, **fields: object) -> Source:
    return Source.objects.create(
        name=name, **{"kind": Source.Kind.REMOTE, "location": f"https://x.test/{name}", **fields}
    )


def test_a_due_source_is_polled_once_and_comes_again_later(settings: Settings) -> None:
    settings.POLL_S = 300
    source = make("shop")
    (job,) = poll_due()
    assert (job.source, job.reason) == (source, Job.Reason.POLL)
    assert poll_due() == []
    source.refresh_from_db()
    wait = (source.next_poll_at - timezone.now()).total_seconds()
    assert 230 < wait < 370


def test_what_was_seen_for_another_reason_is_not_looked_at_again_at_once(
    settings: Settings,
) -> None:
    settings.POLL_S = 300
    now = timezone.now()
    make("just-connected", checked_at=now - timedelta(seconds=100))
    make("long-ago", checked_at=now - timedelta(seconds=200))
    make("hidden", checked_at=now - timedelta(seconds=100), hidden_at=now)
    assert sorted(job.source.name for job in poll_due()) == ["hidden", "long-ago"]
    assert not Source.objects.filter(next_poll_at__lte=timezone.now()).exists()


def test_sources_that_were_due_together_drift_apart() -> None:
    for number in range(40):
        make(f"s{number}")
    assert len(poll_due()) == 40
    times = sorted(Source.objects.values_list("next_poll_at", flat=True))
    assert (times[-1] - times[0]).total_seconds() > 30


def test_one_tick_takes_a_bounded_number() -> None:
    Source.objects.bulk_create(
        Source(name=f"s{n}", kind=Source.Kind.REMOTE, location=f"https://x.test/{n}")
        for n in range(AT_ONCE + 5)
    )
    assert len(poll_due()) == AT_ONCE
    assert len(poll_due()) == 5


@pytest.mark.parametrize(
    "fields",
    [{"is_paused": True}, {"poll_s": 0}, {"kind": Source.Kind.ARCHIVE}],
    ids=["paused", "never", "archive"],
)
def test_some_are_never_polled(fields: dict[str, object]) -> None:
    make("quiet", **fields)
    assert poll_due() == []


def test_the_interval_follows_kind_setting_and_failures(settings: Settings) -> None:
    settings.POLL_S = 300
    assert interval_of(make("remote")) == timedelta(seconds=300)
    assert interval_of(make("local", kind=Source.Kind.PATH)) == timedelta(seconds=60)
    assert interval_of(make("own", poll_s=900)) == timedelta(seconds=900)
    failing = make("failing")
    for expected in (600, 1200, 2400, 3600, 3600):
        ended = timezone.now()
        Job.objects.create(source=failing, state=Job.State.FAILED, ended_at=ended)
        assert interval_of(failing) == timedelta(seconds=expected)
    failing.checked_at = timezone.now()  # a look that found nothing new leaves no job behind
    assert interval_of(failing) == timedelta(seconds=300)
    settings.POLL_S = 0
    assert interval_of(make("off")) is None


def test_a_source_at_work_gets_no_second_job() -> None:
    source = make("busy")
    jobs.claim(jobs.enqueue(source).pk)
    assert poll_due() == []


def test_a_look_that_finds_nothing_new_leaves_no_trace(source_factory: SourceFactory) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})
    Source.objects.update(next_poll_at=timezone.now(), checked_at=None)
    before = (Job.objects.count(), Revision.objects.count())
    (job,) = poll_due()
    sync_source(job.pk)
    assert (Job.objects.count(), Revision.objects.count()) == before
    source.refresh_from_db()
    assert source.checked_at is not None


def test_a_poll_finds_what_was_pushed(
    source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    repository = repository_factory({"a.py": "a = 1\n"})
    source = source_factory("shop", repository=repository)
    repository.commit({"b.py": "b = 2\n"})
    now = timezone.now()
    Source.objects.update(next_poll_at=now, checked_at=now - timedelta(hours=1))
    (job,) = poll_due()
    sync_source(job.pk)
    assert source.refs.get().commit == repository.git("rev-parse", "HEAD")


def test_a_push_that_comes_after_the_fetch_began_still_waits(source_factory: SourceFactory) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})
    later = timezone.now() + timedelta(minutes=1)
    Source.objects.update(pushed_at=later)
    sync_now(source)
    source.refresh_from_db()
    assert source.pushed_at == later


def test_a_push_to_a_paused_source_is_noted_alone() -> None:
    source = make("paused", is_paused=True)
    assert note_push(source) is None
    source.refresh_from_db()
    assert source.pushed_at is not None


def test_a_push_during_a_sync_keeps_its_time(
    source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    repository = repository_factory({"a.py": "a = 1\n"})
    source = source_factory("shop", repository=repository)
    note_push(source)
    first = jobs.claim(source.jobs.get(state=Job.State.QUEUED).pk)
    repository.commit({"b.py": "b = 2\n"})
    second = note_push(source)
    assert second is not None
    sync(first)
    source.refresh_from_db()
    assert source.pushed_at is None
    repository.commit({"c.py": "c = 3\n"})
    sync_source(second.pk)
    newest = Revision.objects.filter(ref__source=source).first()
    assert newest is not None
    assert newest.seconds_fresh is not None
