"""Emergency access: opened with a reason by an admin, loud, recorded, and over in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.glass import GlassRefused, glass_of, open_glass
from appliance.accounts.models import BrokenGlass, Role, RoleGrant, User
from appliance.accounts.tasks import end_what_is_over
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.audit.recording import record
from appliance.sources.access import scope_of
from indexer.models import Source
from tests.appliance.accounts.signing import sign_in
from tests.conftest import SourceFactory, UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

REASON = "The outage of tonight: nobody who may read the payment code answers."


@pytest.fixture
def vault(source_factory: SourceFactory) -> Source:
    return source_factory("vault", {"key.py": "SECRET_PLACE = 1\n"}, grant=None)


def test_it_opens_everything_that_is_shown_and_no_more(
    vault: Source, source_factory: SourceFactory, staff: User
) -> None:
    hidden = source_factory("hidden", {"a.py": "x = 1\n"}, grant=None)
    Source.objects.filter(pk=hidden.pk).update(hidden_at=timezone.now())
    assert scope_of(staff).source_ids == frozenset()
    open_glass(staff, REASON)
    assert scope_of(staff).source_ids == {vault.pk}


def test_it_ends_with_its_time_the_role_and_the_account(vault: Source, staff: User) -> None:
    glass = open_glass(staff, REASON)
    for change, undo in (
        ({"is_staff": False}, {"is_staff": True}),
        ({"is_active": False}, {"is_active": True}),
    ):
        User.objects.filter(pk=staff.pk).update(**change)
        assert scope_of(User.objects.get(pk=staff.pk)).source_ids == frozenset()
        User.objects.filter(pk=staff.pk).update(**undo)
    assert scope_of(staff).source_ids == {vault.pk}
    BrokenGlass.objects.filter(pk=glass.pk).update(ends_at=timezone.now())
    assert scope_of(staff).source_ids == frozenset()


@pytest.mark.parametrize("role", [None, Role.CURATOR, Role.AUDITOR])
def test_nobody_but_an_admin_opens_it(role: Role | None, client: Client, reader: User) -> None:
    if role:
        RoleGrant.objects.create(role=role, user=reader)
    with pytest.raises(GlassRefused):
        open_glass(reader, REASON)
    sign_in(client, reader)
    absent = client.get("/nothing/here/").content
    assert client.get("/emergency-access/").content == absent
    assert client.post("/emergency-access/open/", {"reason": REASON}).status_code == 404
    assert not BrokenGlass.objects.exists()


def test_it_wants_a_fresh_sign_in_and_a_reason(client: Client, staff: User) -> None:
    sign_in(client, staff, freshly=False)
    answer = client.post("/emergency-access/open/", {"reason": REASON})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    sign_in(client, staff)
    assert client.post("/emergency-access/open/", {"reason": "because"}).status_code == 400
    assert not BrokenGlass.objects.exists()
    client.post("/emergency-access/open/", {"reason": REASON})
    assert glass_of(staff) is not None


def test_every_page_of_theirs_says_so_and_every_admin_hears_of_it(
    client: Client, vault: Source, staff: User, reader: User, user_factory: UserFactory
) -> None:
    other = user_factory("second-admin")
    RoleGrant.objects.create(role=Role.ADMIN, user=other)
    sign_in(client, staff)
    client.post("/emergency-access/open/", {"reason": REASON})
    for path in ("/", "/search/?q=secret_place", "/sources/", "/status/"):
        page = client.get(path).content.decode()
        assert "Emergency access is open: you read everything" in page, path
    assert "vault" in client.get("/search/?q=secret_place").content.decode()
    told, not_told = Client(), Client()
    told.force_login(other)
    not_told.force_login(reader)
    assert "staff reads everything by emergency access" in told.get("/").content.decode()
    assert "mergency access" not in not_told.get("/").content.decode()
    client.post(f"/emergency-access/{glass_of(staff).pk}/end/")  # type: ignore[union-attr]
    assert "you read everything" not in client.get("/").content.decode()
    # Who was not there hears of it afterwards, until they have looked.
    assert "staff read everything by emergency access" in told.get("/").content.decode()
    assert REASON in told.get("/emergency-access/").content.decode()
    assert "read everything" not in told.get("/").content.decode()


def test_what_is_read_meanwhile_is_marked(staff: User) -> None:
    record(Action.SEARCHED, actor=staff)
    glass = open_glass(staff, REASON)
    record(Action.SEARCHED, actor=staff, details={"hits": 3})
    BrokenGlass.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    record(Action.SEARCHED, actor=staff)
    end_what_is_over()
    kinds = [(event.action, event.details) for event in Event.objects.all()]
    assert [kind for kind, _ in kinds] == [
        Action.SEARCHED, Action.GLASS_BROKEN, Action.SEARCHED, Action.SEARCHED, Action.GLASS_MENDED
    ]  # fmt: skip
    assert kinds[1][1]["reason"] == REASON
    marks = [details.get("emergency_access") for _, details in kinds]
    assert marks == [None, glass.pk, glass.pk, None, None]
    assert kinds[2][1]["hits"] == 3


def test_one_at_a_time_and_its_end_is_recorded_once(staff: User) -> None:
    first = open_glass(staff, REASON)
    assert open_glass(staff, REASON + " Again.") == first
    BrokenGlass.objects.update(ends_at=timezone.now())
    second = open_glass(staff, REASON)
    assert second != first
    end_what_is_over()
    assert Event.objects.filter(action=Action.GLASS_MENDED).count() == 1
