"""What a disabled account held is ended, even when it was changed past the models."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from appliance.accounts.glass import open_glass
from appliance.accounts.leaving import disable, enable, end_left
from appliance.accounts.lockout import LockedOut
from appliance.accounts.models import BrokenGlass, Role, RoleGrant, User
from appliance.accounts.tasks import end_what_is_over
from appliance.accounts.tokens import active_tokens_of, create_token
from appliance.audit.actions import Action
from appliance.audit.models import Event

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def equip(user: User) -> None:
    """Sign somebody in, give them a token and emergency access."""
    RoleGrant.objects.create(role=Role.ADMIN, user=user)
    client = Client()
    client.force_login(user)
    client.get("/sessions/")
    create_token(user, name="x", rights=[], by=user)
    open_glass(user, "for the sake of a test")


def held(user: User) -> tuple[int, int, int]:
    return (
        UserSession.objects.filter(user=user).count(),
        active_tokens_of(user).count(),
        BrokenGlass.objects.filter(user=user, closed_at=None).count(),
    )


def test_disabling_ends_all_and_records_each_end(reader: User, staff: User) -> None:
    equip(reader)
    assert held(reader) == (1, 1, 1)
    before = list(Event.objects.values_list("pk", flat=True))
    assert disable(reader, by=staff)
    assert not disable(reader, by=staff)
    assert held(reader) == (0, 0, 0)
    ended = [(event.action, event.actor) for event in Event.objects.exclude(pk__in=before)]
    assert ended == [
        (Action.PERSON_DISABLED, "staff"),
        (Action.SESSION_REVOKED, "account disabled"),
        (Action.TOKEN_REVOKED, "account disabled"),
        (Action.GLASS_MENDED, "account disabled"),
    ]
    assert enable(reader, by=staff)
    assert not enable(reader, by=staff)
    assert held(reader) == (0, 0, 0)


def test_what_was_changed_past_the_models_is_swept_up(reader: User, staff: User) -> None:
    equip(reader)
    equip(staff)
    User.objects.filter(pk=reader.pk).update(is_active=False)
    assert held(reader) == (1, 1, 1)
    end_what_is_over()
    assert held(reader) == (0, 0, 0)
    assert held(staff) == (1, 1, 1)
    assert end_left() == 0


def test_a_sign_in_of_others_disturbs_nobody(reader: User) -> None:
    equip(reader)
    reader.save()
    reader.save(update_fields=["last_login"])
    assert held(reader) == (1, 1, 1)


def test_the_last_admin_stays(staff: User) -> None:
    with pytest.raises(LockedOut):
        disable(staff, by="command line")
    staff.refresh_from_db()
    assert staff.is_active
    assert not Event.objects.exists()
