"""While a job runs, the source's page counts, shows a bar and says how long it will take."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.sources.overview import overviews_of
from indexer.models import Job, Source
from tests.conftest import SourceFactory


@pytest.fixture
def job(db: None) -> Job:
    """A sync that has read a quarter of its files in the last three minutes."""
    now = timezone.now()
    source = Source.objects.create(name="shop", kind=Source.Kind.REMOTE, location="https://x/y")
    return Job.objects.create(
        source=source,
        state=Job.State.RUNNING,
        phase="read",
        phase_started_at=now - timedelta(minutes=3),
        lease_until=now + timedelta(hours=1),
        progress_done=1000,
        progress_total=4000,
    )


def progress_of(client: Client, staff: User) -> str:
    client.force_login(staff)
    part: str = client.get("/sources/shop/", headers={"HX-Request": "true"}).content.decode()
    assert part in client.get("/sources/shop/").content.decode()
    return part


def test_counts_bar_and_estimate_are_shown_and_looked_at_again(
    client: Client, staff: User, job: Job
) -> None:
    part = progress_of(client, staff)
    assert "1000 of 4000, about 9 minutes left" in part
    assert '<progress value="25" max="100" aria-label="shop: Reading">' in part
    assert 'hx-trigger="every 2s"' in part


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (3900, "3900 of 4000, less than a minute left"),
        (3000, "3000 of 4000, about 1 minute left"),
        (60, "60 of 4000, about 3 hours left"),
    ],
)
def test_the_estimate_is_as_exact_as_it_deserves(
    done: int, words: str, client: Client, staff: User, job: Job
) -> None:
    Job.objects.update(progress_done=done)
    assert words in progress_of(client, staff)


@pytest.mark.parametrize(
    "fields",
    [{"phase_started_at": None}, {"progress_done": 0}, {"progress_total": 0}],
    ids=["no start", "nothing done", "size unknown"],
)
def test_what_is_not_known_is_not_guessed(
    fields: dict[str, object], client: Client, staff: User, job: Job
) -> None:
    Job.objects.update(**fields)
    part = progress_of(client, staff)
    assert "<progress" in part
    assert " left" not in part


def test_a_job_that_has_ended_shows_no_bar(client: Client, staff: User, job: Job) -> None:
    Job.objects.update(state=Job.State.DONE, ended_at=timezone.now())
    part = progress_of(client, staff)
    assert "<progress" not in part
    assert " left" not in part
    assert 'hx-trigger="every 30s"' in part


def label_of(source: Source) -> str:
    (overview,) = overviews_of(Source.objects.filter(pk=source.pk))
    return overview.label


def test_a_look_of_the_schedule_shows_once_it_has_found_something(
    source_factory: SourceFactory,
) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})
    assert label_of(source) == "Ready"
    look = Job.objects.create(source=source, reason=Job.Reason.POLL)
    assert label_of(source) == "Ready"
    now = timezone.now()
    running = {"state": Job.State.RUNNING, "lease_until": now + timedelta(hours=1)}
    for phase, label in (("", "Ready"), ("fetch", "Ready"), ("read", "Reading")):
        Job.objects.filter(pk=look.pk).update(phase=phase, **running)
        assert label_of(source) == label
    Job.objects.filter(pk=look.pk).update(phase="fetch", error_code="retrying")
    assert label_of(source) == "Will be tried again"
    Job.objects.filter(pk=look.pk).update(error_code="", reason=Job.Reason.PUSH)
    assert label_of(source) == "Fetching"


def test_the_first_look_at_a_source_shows_at_once(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(phase="fetch", reason=Job.Reason.POLL)
    assert label_of(job.source) == "Fetching"
