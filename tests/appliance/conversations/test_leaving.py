"""Answers of people who left, or may read less: stopped while they wait and while they are written."""

from __future__ import annotations

import pytest

from appliance.accounts.models import User
from appliance.conversations.leaving import is_left, stop_left, stop_unless_allowed
from appliance.conversations.models import Message
from appliance.sources.access import scope_of
from appliance.sources.granting import set_grant
from appliance.sources.models import Grant
from tests.appliance.conversations.conftest import FILES, MessageFactory
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def now(message: Message) -> tuple[str, bool]:
    message.refresh_from_db()
    return message.state, message.stop_asked


def test_a_disabled_account_stops_what_waits_and_what_is_written(
    owner: User, reader: User, message_factory: MessageFactory
) -> None:
    waits = message_factory(owner, "", state="queued")
    written = message_factory(owner, "It", state="writing")
    done = message_factory(owner, "It adds.")
    of_others = message_factory(reader, "", state="queued")
    owner.is_active = False
    owner.save()
    assert [now(one) for one in (waits, written, done, of_others)] == [
        ("stopped", True), ("writing", True), ("done", False), ("queued", False)
    ]  # fmt: skip


def test_what_was_changed_past_the_models_is_swept_up_or_never_begun(
    owner: User, message_factory: MessageFactory
) -> None:
    waits = message_factory(owner, "", state="queued")
    claimed = message_factory(owner, "", state="searching")
    assert not is_left(claimed)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert is_left(claimed)
    assert now(claimed)[0] == "stopped"
    assert stop_left() == 1
    assert now(waits) == ("stopped", True)
    assert stop_left() == 0


def test_an_answer_goes_on_while_nothing_is_lost(
    owner: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    shop = source_factory("shop", FILES)
    written = message_factory(owner, "It", state="writing")
    began_with = scope_of(owner)
    source_factory("more", {"a.py": "x = 1\n"})
    assert not stop_unless_allowed(written, began_with)
    set_grant("readers", shop, "README.md", allow=False)
    assert stop_unless_allowed(written, began_with)
    assert now(written) == ("writing", True)


def test_an_answer_stops_when_its_owner_loses_a_source(
    owner: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    source_factory("shop", FILES)
    written = message_factory(owner, "It", state="writing")
    began_with = scope_of(owner)
    Grant.objects.all().delete()
    assert stop_unless_allowed(written, began_with)
