"""The pages for admins: there for them alone, empty at first, and of use when something failed."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from appliance.accounts.models import User
from indexer.models import Job, Source
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

PAGES = ("manage", "jobs", "settings")


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_there_for_admins_alone(
    name: str, client: Client, staff: User, reader: User
) -> None:
    client.force_login(reader)
    assert client.get(reverse(name)).status_code == 404
    client.force_login(staff)
    assert client.get(reverse(name)).status_code == 200


def failed_job(source: Source, message: str = "the host does not answer") -> Job:
    return Job.objects.create(
        source=source, state=Job.State.FAILED, error_code="unreachable", error=message
    )


def test_a_reader_retries_nothing(
    client: Client, reader: User, source_factory: SourceFactory
) -> None:
    job = failed_job(source_factory("shop", {"a.py": "x = 1\n"}))
    client.force_login(reader)
    assert client.post(reverse("job_retry", args=[job.pk])).status_code == 404
    assert client.post(reverse("jobs_retry")).status_code == 404
    assert not Job.objects.filter(state=Job.State.QUEUED).exists()


def test_failed_work_is_listed_with_its_reason_and_tried_again(
    client: Client, staff: User, source_factory: SourceFactory
) -> None:
    job = failed_job(source_factory("shop", {"a.py": "x = 1\n"}))
    client.force_login(staff)
    page = client.get(reverse("jobs"), {"state": "failed"}).content.decode()
    assert "the host does not answer" in page
    assert page.count("<tbody><tr>") == 1
    client.post(reverse("job_retry", args=[job.pk]))
    queued = Job.objects.get(state=Job.State.QUEUED)
    assert (queued.source, queued.kind) == (job.source, Job.Kind.SYNC)


def test_all_that_failed_last_is_tried_again(
    client: Client, staff: User, source_factory: SourceFactory
) -> None:
    shop = source_factory("shop", {"a.py": "x = 1\n"})
    mended = source_factory("mended", {"a.py": "x = 1\n"})
    paused = source_factory("paused", {"a.py": "x = 1\n"})
    failed_job(mended)
    Job.objects.create(source=mended, state=Job.State.DONE)
    failed_job(shop)
    failed_job(paused)
    Source.objects.filter(pk=paused.pk).update(is_paused=True)
    client.force_login(staff)
    response = client.post(reverse("jobs_retry"), follow=True)
    assert "1 source synced again." in response.content.decode()
    assert [job.source for job in Job.objects.filter(state=Job.State.QUEUED)] == [shop]


def test_a_paused_source_says_that_it_is_paused(
    client: Client, staff: User, source_factory: SourceFactory
) -> None:
    shop = source_factory("shop", {"a.py": "x = 1\n"})
    job = failed_job(shop)
    Source.objects.filter(pk=shop.pk).update(is_paused=True)
    client.force_login(staff)
    response = client.post(reverse("job_retry", args=[job.pk]), follow=True)
    assert "shop is paused" in response.content.decode()


@pytest.mark.parametrize(
    "query",
    ["state=nonsense", "kind=%00", "source=%00", "page=-1", "page=x", "source=" + "a" * 900],
)
def test_filters_that_mean_nothing_are_ignored(query: str, client: Client, staff: User) -> None:
    client.force_login(staff)
    assert client.get(f"{reverse('jobs')}?{query}").status_code == 200


def test_the_settings_page_shows_no_secret(client: Client, staff: User) -> None:
    client.force_login(staff)
    page = client.get(reverse("settings")).content.decode()
    assert "PLUMBLINE_SECRET_KEY" in page
    assert "only-for-tests" not in page
