"""Retention removes what is old, leaves a signed marker, and stops before what is held."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from appliance.audit.actions import Action
from appliance.audit.heads import known_heads, sign_head
from appliance.audit.holds import lift_hold, set_hold
from appliance.audit.models import Event, Exposure, Pruning, SinkCursor
from appliance.audit.pruning import prune, prune_expired
from appliance.audit.recording import Target, record
from appliance.audit.verifying import verify
from tests.appliance.audit.conftest import Tamper

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def _problem() -> str | None:
    problem = verify(heads=known_heads()).problem
    return problem.kind if problem else None


def test_old_records_go_and_the_chain_holds(events: list[Event]) -> None:
    sign_head()
    assert prune(events[5].at) == 5
    [marker] = Pruning.objects.all()
    assert (marker.first, marker.last, marker.count) == (1, 5, 5)
    assert (marker.previous_hash, marker.hash) == ("0" * 64, events[4].hash)
    assert _problem() is None
    assert prune(timezone.now()) > 0
    assert _problem() is None
    assert list(Event.objects.values_list("action", flat=True)) == ["audit.pruned"] * 2
    assert not Exposure.objects.exists()


def test_a_removal_without_a_marker_is_found(events: list[Event], tamper: Tamper) -> None:
    prune(events[5].at)
    tamper("DELETE FROM audit_event WHERE sequence = 6")
    assert _problem() == "deleted"


def test_a_marker_that_somebody_else_made_is_found(events: list[Event], tamper: Tamper) -> None:
    prune(events[3].at)
    assert _problem() is None
    tamper("DELETE FROM audit_event WHERE sequence = 4")
    tamper("UPDATE audit_pruning SET last = 4, hash = %s", events[3].hash)
    assert _problem() == "pruned"


def test_what_a_hold_keeps_stays_until_it_is_lifted(events: list[Event]) -> None:
    hold = set_hold("person", "person 3", "case 12")
    assert prune(timezone.now()) == 9  # all but the held one, and the record of the hold
    assert Event.objects.filter(actor="person 3").exists()
    assert _problem() is None
    lift_hold(hold, "case 12 is closed")
    assert prune(timezone.now()) > 0
    assert not Event.objects.filter(actor="person 3").exists()
    assert _problem() is None


def test_a_hold_on_a_source_keeps_what_was_shown_of_it(events: list[Event]) -> None:
    set_hold("source", "shop", "case 13")
    prune(timezone.now())
    assert Exposure.objects.count() == 5
    assert _problem() is None


def test_a_hold_on_a_thread_keeps_what_was_asked_in_it(db: None) -> None:
    record(Action.ASKED, actor="ana", target=Target("message", "m"), details={"thread": "t1"})
    record(Action.ASKED, actor="ana", target=Target("message", "n"), details={"thread": "t2"})
    set_hold("thread", "t1", "case 14")
    prune(timezone.now())
    kept = Event.objects.filter(action=Action.ASKED)
    assert [event.details["thread"] for event in kept] == ["t1"]


def test_a_hold_is_recorded_with_its_reason_and_lifted_once(db: None) -> None:
    hold = set_hold("person", "ana", "case 12")
    lift_hold(hold, "closed")
    lift_hold(hold, "again")
    told = list(Event.objects.values_list("action", "object_name", "details__reason"))
    assert told == [("audit.held", "ana", "case 12"), ("audit.released", "ana", "closed")]


def test_without_a_retention_nothing_goes(events: list[Event], settings: Settings) -> None:
    settings.AUDIT_DAYS = 0
    assert prune_expired() == 0
    settings.AUDIT_DAYS = 1
    assert prune_expired() == 0
    assert Event.objects.count() == 10


def test_what_has_not_been_delivered_stays(events: list[Event], settings: Settings) -> None:
    settings.AUDIT_FOLDER = "/nowhere"
    SinkCursor.objects.create(name="file", sequence=4)
    assert prune(timezone.now() + timedelta(days=1)) == 4
    assert Event.objects.filter(sequence=5).exists()
