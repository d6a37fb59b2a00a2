"""Pages for admins: nobody else sees that they exist, and admins read no content through them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from appliance.accounts.models import User
from appliance.sources.models import Grant
from appliance.sources.overview import overviews_of
from indexer.models import Job, Source
from tests.conftest import SourceFactory

FILES: dict[str, str | bytes | None] = {
    "cart.py": "def add(cart, item):\n    return cart\n",
    "logo.png": b"\x89PNG\r\n\x1a\n\0\0\0",
    "empty.txt": "",
}


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect the jobs that would go to the broker: no broker runs in these tests."""
    jobs: list[int] = []
    # The edge to Celery; everything before it is real.
    monkeypatch.setattr("indexer.tasks.sync_source.delay", jobs.append)
    return jobs


PAGES = [
    ("get", "/sources/connect/"),
    ("post", "/sources/connect/"),
    ("get", "/sources/shop/"),
    ("get", "/sources/shop/?reason=binary"),
    ("post", "/sources/shop/sync/"),
    ("post", "/sources/shop/remove/"),
    ("post", "/sources/shop/grants/"),
    ("post", "/sources/shop/grants/1/revoke/"),
]


@pytest.mark.parametrize(("method", "path"), PAGES)
@pytest.mark.parametrize("person", ["reader", "outsider"])
def test_only_staff_see_the_pages_of_administration(
    person: str,
    method: str,
    path: str,
    client: Client,
    source: Source,
    request: pytest.FixtureRequest,
) -> None:
    client.force_login(request.getfixturevalue(person))
    response = getattr(client, method)(path)
    assert response.status_code == 404
    assert response.content == client.get("/nothing/here/").content


def test_the_list_shows_readers_theirs_and_staff_all(
    client: Client, source: Source, reader: User, outsider: User, staff: User
) -> None:
    for person, sees in ((reader, True), (outsider, False), (staff, True)):
        client.force_login(person)
        response = client.get("/sources/")
        assert (b"shop" in response.content) is sees
        assert (source.location.encode() in response.content) is (person == staff)


def test_staff_see_progress_refs_skips_and_grants(
    client: Client, source: Source, staff: User
) -> None:
    client.force_login(staff)
    page = client.get("/sources/shop/").content.decode()
    assert source.refs.get().commit[:10] in page
    assert "logo.png" in page
    assert "Not text" in page
    assert "readers" in page
    assert "def add" not in page


def test_skipped_files_are_narrowed_by_reason_and_path(
    client: Client, source: Source, staff: User
) -> None:
    client.force_login(staff)
    by_reason = client.get("/sources/shop/", {"reason": "empty"}).content.decode()
    assert "empty.txt" in by_reason
    assert "logo.png" not in by_reason
    by_path = client.get("/sources/shop/", {"path": "LOGO"}).content.decode()
    assert "logo.png" in by_path
    assert "empty.txt" not in by_path
    odd = client.get("/sources/shop/", {"reason": "nonsense", "page": "x"})
    assert odd.status_code == 200


@pytest.mark.parametrize(
    ("field", "given", "sentence"),
    [
        ("location", "/srv/git/shop", "Only addresses of git servers"),
        ("location", "file:///srv/git/shop", "not allowed"),
        ("location", "ext::sh -c id", "not allowed"),
        ("location", "https://user:pw@git.example.com/shop.git", "user name or a password"),
        ("location", "", "required"),
        ("name", "../x", "Letters, digits"),
        ("name", "connect", "address of the product"),
        ("name", "shop", "already a source"),
        ("ref_names", "--upload-pack=x", "dash"),
        ("secret", "two\nlines", "one line"),
    ],
)
def test_a_refusal_stands_beside_its_field(
    field: str, given: str, sentence: str, client: Client, source: Source, staff: User
) -> None:
    client.force_login(staff)
    form = {"location": "https://git.example.com/shop.git", "name": "other", field: given}
    response = client.post("/sources/connect/", form)
    assert response.status_code == 400
    errors = response.context["form"].errors
    assert list(errors) == [field]
    assert sentence in str(errors[field])
    assert Source.objects.count() == 1


def test_connecting_queues_a_sync_and_seals_the_token(
    client: Client,
    source: Source,
    staff: User,
    sent: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client.force_login(staff)
    form = {
        "location": "https://git.example.com/team/gates.git",
        "name": "gates",
        "ref_names": "main, v1.2",
        "username": "robot",
        "secret": "tkn-9f3a",
    }
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/sources/connect/", form)
    assert response["Location"] == "/sources/gates/"
    made = Source.objects.get(name="gates")
    assert made.ref_names == ["main", "v1.2"]
    assert b"tkn-9f3a" not in bytes(made.credential or b"")
    assert sent == [made.jobs.get().pk]
    assert b"tkn-9f3a" not in client.get("/sources/gates/").content


def test_the_token_is_not_sent_back_with_a_refusal(client: Client, staff: User) -> None:
    client.force_login(staff)
    response = client.post("/sources/connect/", {"name": "x", "secret": "tkn-9f3a"})
    assert b"tkn-9f3a" not in response.content


def test_rules_are_added_and_revoked(client: Client, source: Source, staff: User) -> None:
    Group.objects.create(name="guests")
    client.force_login(staff)
    group = Group.objects.get(name="guests").pk
    client.post("/sources/shop/grants/", {"group": group, "path_pattern": "docs/", "allow": "no"})
    grant = Grant.objects.get(group__name="guests")
    assert (grant.path_pattern, grant.allow) == ("docs/", False)
    client.post(f"/sources/shop/grants/{grant.pk}/revoke/")
    assert not Grant.objects.filter(group__name="guests").exists()
    assert client.post("/sources/shop/grants/", {"allow": "yes"}).status_code == 400


def test_a_source_goes_only_when_its_name_was_typed(
    client: Client, source: Source, staff: User
) -> None:
    client.force_login(staff)
    refused = client.post("/sources/shop/remove/", {"confirmation": "Shop"})
    assert refused.status_code == 400
    assert Source.objects.filter(name="shop").exists()
    client.post("/sources/shop/remove/", {"confirmation": "shop"})
    assert not Source.objects.filter(name="shop").exists()


@pytest.mark.parametrize("path", ["/sources/shop/sync/", "/sources/shop/remove/"])
def test_a_link_changes_nothing(path: str, client: Client, source: Source, staff: User) -> None:
    client.force_login(staff)
    assert client.get(path).status_code == 405
    assert Source.objects.filter(name="shop").exists()


@pytest.mark.parametrize(
    ("job", "state", "label"),
    [
        ({"state": "queued"}, "busy", "Waiting for a worker"),
        ({"state": "running", "phase": "embed"}, "busy", "Embedding"),
        ({"state": "running", "phase": "odd"}, "busy", "Syncing"),
        ({"state": "failed", "error": "no"}, "warning", "Last sync failed"),
        ({"state": "done"}, "ok", "Ready"),
    ],
)
def test_a_source_says_in_one_word_how_it_is(
    job: dict[str, str], state: str, label: str, source: Source
) -> None:
    later = timezone.now() + timedelta(seconds=5)
    Job.objects.create(source=source, created_at=later, **job)
    (overview,) = overviews_of(Source.objects.all())
    assert (overview.state, overview.label) == (state, label)


def test_a_source_that_was_never_synced_says_so(db: None) -> None:
    Source.objects.create(name="new", kind="remote", location="https://git.example.com/new.git")
    (overview,) = overviews_of(Source.objects.all())
    assert (overview.state, overview.label, overview.commit) == ("off", "Not synced yet", "")
