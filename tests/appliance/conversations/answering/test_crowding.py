"""D13: what anybody may write does not crowd out what few may write, and says what it is."""

from __future__ import annotations

from collections import Counter

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations import asking
from appliance.conversations.answering.crowding import open_sources
from appliance.conversations.answering.searching import search_for
from appliance.conversations.models import Message
from appliance.conversations.modes import Mode
from appliance.conversations.tasks import answer_question
from appliance.sources.access import scope_of
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.appliance.access.test_twins import LEGITIMATE, QUESTION, planted
from tests.conftest import SourceFactory

# The watcher of an answer looks through a connection of its own.
pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scratch(source_factory: SourceFactory) -> Source:
    """A source where anybody may write, full of what the question will ask, and the true one."""
    source_factory("handbook", LEGITIMATE)
    scratch = source_factory("scratch", planted(40))
    Source.objects.filter(pk=scratch.pk).update(is_open=True)
    return scratch


def found(user: User, *, source_names: tuple[str, ...] = ()) -> Counter[str]:
    scope = scope_of(user)
    result = search_for(QUESTION, scope, source_names=source_names, ref="", limit=16)
    return Counter(hit.source for hit in result.hits)


def test_without_the_mark_the_planted_ones_fill_the_answer(scratch: Source, reader: User) -> None:
    Source.objects.update(is_open=False)
    assert found(reader)["scratch"] > 10


def test_an_open_source_gives_two_passages_beside_another(scratch: Source, reader: User) -> None:
    assert found(reader) == {"handbook": 1, "scratch": 2}


def test_who_asks_of_the_open_source_alone_gets_all_of_it(scratch: Source, reader: User) -> None:
    assert found(reader, source_names=("scratch",))["scratch"] > 10


def test_an_open_source_out_of_reach_is_not_looked_at(
    scratch: Source, reader: User, outsider: User
) -> None:
    assert open_sources(scope_of(reader)) == {scratch.pk}
    assert open_sources(scope_of(outsider)) == frozenset()


@pytest.mark.parametrize("mode", [Mode.ANSWER, Mode.PAIR])
def test_the_answer_keeps_the_legitimate_source_and_names_tier_and_author(
    scratch: Source, reader: User, models: FakeServer, client: Client, mode: Mode
) -> None:
    text = "Use the client with a key card [E1], or another way [E2], or a third [E3]."
    models.model.script = Script(text=text)
    asked = asking.ask(reader, QUESTION, mode=mode)
    answer_question(str(asked.pk))
    message = Message.objects.get(pk=asked.pk)
    used = message.evidence_links.exclude(role="left_out").exclude(role="cited")
    given = Counter(used.values_list("evidence__source__name", flat=True))
    assert given["handbook"] >= 1
    assert given["scratch"] <= 2

    client.force_login(reader)
    page = client.get(f"/messages/{message.pk}/evidence/").content.decode()

    cards = page.split("<article")[1:]
    of_scratch = [card for card in cards if "scratch @" in card]
    assert of_scratch
    for card in of_scratch:
        assert "anybody may write here" in card
        assert "mostly written by Ada" in card
    assert not any("anybody may write here" in card for card in cards if "handbook @" in card)


def test_an_admin_marks_a_source_and_it_is_recorded(
    scratch: Source, staff: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.tasks.sync_source.delay", lambda pk: None)  # no broker is here
    client.force_login(staff)
    assert b'name="is_open" aria-describedby' in client.get("/sources/scratch/").content
    client.post("/sources/scratch/settings/", {"ref_names": "", "exclude_patterns": ""})
    assert not Source.objects.get(name="scratch").is_open
    client.post("/sources/scratch/settings/", {"is_open": "on"})
    assert Source.objects.get(name="scratch").is_open
