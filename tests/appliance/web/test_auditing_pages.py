"""The pages of the audit: for auditors and admins; what they answer; what happens without a record."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import Role, RoleGrant, User
from appliance.audit.actions import Action, Outcome
from appliance.audit.models import Event, Hold
from appliance.audit.recording import Lines, Target, record
from appliance.conversations.models import Thread
from indexer.models import SharedCredential

pytestmark = [pytest.mark.services, pytest.mark.django_db]

PATH = "src/a long way/down/cart.py"
PAGES = [
    "/audit/",
    "/audit/records/1/",
    "/audit/lines/",
    f"/audit/lines/?source=shop&path={PATH}&first=40&last=80&since=2026-03-01",
    "/audit/people/?person=reader",
    "/audit/holds/",
]
POSTS = ["/audit/verify/", "/audit/export/", "/audit/holds/", "/audit/holds/1/lift/"]


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> None:
    settings.PLUMBLINE_HOME = tmp_path / "home"


@pytest.fixture
def auditor(user_factory: object, reader: User) -> User:
    """Reads the audit; is granted nothing."""
    auditor = User.objects.create_user("auditor", password="correct horse battery")
    RoleGrant.objects.create(role=Role.AUDITOR, user=auditor)
    return auditor


@pytest.fixture
def shown(reader: User, owner: User) -> None:
    """Show lines 30 to 50 to the reader and 90 to 99 to the owner."""
    for person, first, last in ((reader, 30, 50), (owner, 90, 99)):
        lines = Lines("shop", PATH, first, last, "c0ffee" * 6, "grant 7: readers may read shop:*")
        target = Target("message", f"of {person}")
        record(Action.SHOWN, actor=person, target=target, shown=[lines])


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("person", ["auditor", "staff"])
def test_auditors_and_admins_get_each_page(
    person: str, path: str, shown: None, request: pytest.FixtureRequest, client: Client
) -> None:
    client.force_login(request.getfixturevalue(person))
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [*(("get", p) for p in PAGES), *(("post", p) for p in POSTS)]
)
@pytest.mark.parametrize("person", ["reader", "outsider"])
def test_for_everybody_else_there_is_no_such_page(
    person: str, method: str, path: str, shown: None, request: pytest.FixtureRequest, client: Client
) -> None:
    client.force_login(request.getfixturevalue(person))
    before = Event.objects.exclude(action=Action.DENIED).count()
    response = getattr(client, method)(path)
    assert response.status_code == 404
    assert response.content == client.get("/nowhere/").content
    assert Event.objects.exclude(action=Action.DENIED).count() == before


def _page(client: Client, path: str, /, **query: str | int) -> str:
    return client.get(path, query).content.decode()


def test_who_was_shown_lines_40_to_80(client: Client, auditor: User, shown: None) -> None:
    client.force_login(auditor)
    given: dict[str, str | int] = {"source": "shop", "path": PATH, "first": 40, "last": 80}
    page = _page(client, "/audit/lines/", **given, since="2026-03-01")
    assert "lines 30 to 50" in page
    assert "grant 7: readers may read shop:*" in page
    assert "lines 90 to 99" not in page
    tomorrow = f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"
    assert "Nobody was shown" in _page(client, "/audit/lines/", **given, since=tomorrow)
    assert "lines 90 to 99" in _page(client, "/audit/people/", person="owner")


def test_the_csv_starts_no_formula(client: Client, auditor: User, reader: User) -> None:
    lines = Lines("shop", "=1+1.py", 1, 2, "c0ffee", "@grant")
    record(Action.FILE_READ, actor="-ana", shown=[lines])
    client.force_login(auditor)
    response = client.get("/audit/lines/", {"source": "shop", "path": "=1+1.py", "csv": "1"})
    content = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    [row] = csv.DictReader(io.StringIO(content))
    assert (row["person"], row["path"], row["allowed_by"]) == ("'-ana", "'=1+1.py", "'@grant")
    assert row["action"] == "file.read"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"person": "owner"}, {"owner"}),
        ({"action": "sign_in.failed"}, {"mallory"}),
        ({"outcome": "denied"}, {"mallory"}),
        ({"object": "of reader"}, {"reader"}),
        ({"since": "2100-01-01"}, set()),
        ({"until": "2000-01-01"}, set()),
    ],
)
def test_the_list_is_narrowed(
    query: dict[str, str], found: set[str], client: Client, auditor: User, shown: None
) -> None:
    record(Action.SIGN_IN_FAILED, actor="mallory", outcome=Outcome.DENIED)
    client.force_login(auditor)
    rows = client.get("/audit/", query).context["page"].rows
    assert {row.actor for row in rows} == found


@pytest.mark.parametrize(
    "query", ["before=x", "before=99999999999999999999", "since=x", "action=x"]
)
def test_a_filter_that_makes_no_sense_breaks_nothing(
    query: str, client: Client, auditor: User
) -> None:
    client.force_login(auditor)
    assert client.get(f"/audit/?{query}").status_code in {200, 400}
    assert client.get("/audit/records/99999999999999999999/").status_code == 404
    assert client.get("/audit/lines/?source=shop&path=a%00b").status_code == 400


def test_the_list_goes_on_from_where_it_ended(client: Client, auditor: User) -> None:
    for number in range(120):
        record(Action.SEARCHED, actor=f"person {number}")
    client.force_login(auditor)
    seen: list[int] = []
    before: int | None = 10**6
    while before is not None:
        query: dict[str, str | int] = {"action": "search.done", "before": before}
        page = client.get("/audit/", query).context["page"]
        seen += [row.sequence for row in page.rows]
        before = page.older
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 120


def test_names_are_shown_as_text(client: Client, auditor: User) -> None:
    event = record(Action.SIGN_IN_FAILED, actor="<script>alert(1)</script>\r\nSet-Cookie: x")
    client.force_login(auditor)
    for path in ("/audit/", f"/audit/records/{event.sequence}/"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_verify_now_says_what_it_found(client: Client, auditor: User, shown: None) -> None:
    client.force_login(auditor)
    assert "records are whole" in client.post("/audit/verify/", follow=True).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE audit_event SET actor = 'nobody' WHERE sequence = 1")
        cursor.execute("RESET session_replication_role")
    page = client.post("/audit/verify/", follow=True).content.decode()
    assert "Record 1 was changed" in page
    assert "Changed after it was written" in client.get("/audit/records/1/").content.decode()


def test_the_export_is_json_lines(client: Client, auditor: User, shown: None) -> None:
    client.force_login(auditor)
    response = client.post("/audit/export/", {"format": "ocsf"})
    lines = b"".join(response.streaming_content).splitlines()  # type: ignore[attr-defined]
    assert [json.loads(line)["metadata"]["sequence"] for line in lines] == [
        1,
        2,
        3,
        4,
    ]  # with the sign-in
    assert client.post("/audit/export/", {"format": "none"}).status_code == 302


HELD = {"kind": "person", "reason": "case 1"}


def test_a_hold_needs_a_reason(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    assert client.post("/audit/holds/", {"kind": "person", "name": "ana"}).status_code == 400
    client.post("/audit/holds/", {"kind": "person", "name": "ana", "reason": "case 1"})
    hold = Hold.objects.get()
    client.post(f"/audit/holds/{hold.pk}/lift/")
    hold.refresh_from_db()
    assert hold.lifted_at is None
    assert hold.set_by == "auditor"


def test_a_hold_says_how_many_records_it_keeps(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    page = client.post("/audit/holds/", HELD | {"name": "auditor"}, follow=True).content.decode()
    assert "1 record about person auditor and all to come stay" in page  # the sign-in
    assert "notice-warning" not in page
    page = client.post("/audit/holds/", HELD | {"name": "auditro"}, follow=True).content.decode()
    assert "No record is about person auditro so far: see whether the name is right." in page
    assert "notice-warning" in page


def test_the_account_menu_leads_auditors_there(client: Client, auditor: User, reader: User) -> None:
    client.force_login(auditor)
    assert 'href="/audit/"' in client.get("/").content.decode()
    client.force_login(reader)
    assert 'href="/audit/"' not in client.get("/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_recorded_is_refused_with_a_page(
    client: Client, staff: User, owner: User
) -> None:
    """G14: each of these would do or show something."""
    thread = Thread.objects.create(owner=owner, title="kept")
    client.force_login(staff)
    theirs = Client()
    theirs.force_login(owner)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event RENAME TO away")
    try:
        given = {"name": "key", "secret": "a token"}
        refused = [client.post("/credentials/", given), client.get("/audit/")]
        refused.append(theirs.post(f"/threads/{thread.pk}/delete/"))
        denied = theirs.get(f"/sources/{thread.pk}/")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO audit_event")
    assert [response.status_code for response in refused] == [503, 503, 503]
    assert all("could not be recorded" in response.content.decode() for response in refused)
    assert denied.status_code == 404
    assert not SharedCredential.objects.exists()
    assert Thread.objects.filter(pk=thread.pk).exists()
