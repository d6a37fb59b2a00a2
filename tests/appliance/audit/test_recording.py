"""Records hang together, name who did what, and go with the transaction of the action."""

from __future__ import annotations

import pytest
from django.db import transaction

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.chain import FIRST, hash_of
from appliance.audit.models import Event
from appliance.audit.recording import Target, record

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def test_each_record_holds_the_hash_of_the_one_before(reader: User) -> None:
    record(Action.SIGNED_IN, actor=reader)
    record(Action.GRANT_ADDED, actor="command line", target=Target("grant", "7", "readers: shop"))
    first, second = Event.objects.all()
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.previous_hash == FIRST
    assert second.previous_hash == first.hash
    assert [hash_of(first), hash_of(second)] == [first.hash, second.hash]
    assert (first.actor_id, first.actor, second.actor_id) == (reader.pk, "reader", None)


def test_a_name_with_a_line_break_stays_on_one_line() -> None:
    event = record(Action.SIGN_IN_FAILED, actor="ana\r\n2 sign_in.done root")
    assert event.actor == "ana\\x0d\\x0a2 sign_in.done root"


def test_what_is_undone_leaves_no_record(reader: User) -> None:
    def act() -> None:
        with transaction.atomic():
            record(Action.SIGNED_IN, actor=reader)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert not Event.objects.exists()
