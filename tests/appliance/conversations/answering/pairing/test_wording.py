"""The words of a step come from the turns before: they are sealed with them, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group

from appliance.accounts.models import User
from appliance.conversations import asking
from appliance.conversations.access import places_behind
from appliance.conversations.answering import searching
from appliance.conversations.answering.steps import Kind, Step
from appliance.conversations.models import Message, Thread
from appliance.conversations.modes import Mode
from appliance.conversations.tasks import answer_question
from indexer.models import Source
from inference.fake_server import FakeServer
from tests.appliance.conversations.answering.pairing.conftest import FLOW
from tests.appliance.conversations.conftest import lines_of
from tests.appliance.conversations.planting import ask, say
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

Planning = Callable[..., FakeServer]


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_question, "delay", lambda message_id: None)


@pytest.fixture
def vault(source_factory: SourceFactory) -> Source:
    return source_factory("vault", {"vault.py": "CODE = 7\n"}, grant="board")


@pytest.fixture
def follow_up(owner: User, orders: Source, vault: Source) -> Message:
    """A question after an answer that rests on the vault."""
    owner.groups.add(Group.objects.get(name="board"))
    thread = Thread.objects.create(owner=owner, title="Vault")
    lines = lines_of(vault, "vault.py", 1, 1)
    told = say(ask(thread, "What opens it?"), "WORDOFVAULT does [E1].", [lines])
    return asking.ask(owner, FLOW, thread=thread, after=told, mode=Mode.PAIR)


def test_words_of_a_turn_that_may_not_be_read_any_more_are_not_taken_up(
    follow_up: Message, owner: User, vault: Source, planning: Planning
) -> None:
    """The query of a follow-up is made of the turn before; its first step repeats it."""
    words = f"Does WORDOFVAULT open it?\n{FLOW}"
    step = Step(1, Kind.SEARCH, f"Searched for “{words}”", asked=words).to_json()
    Message.objects.filter(pk=follow_up.pk).update(
        attempts=1, query=words, steps=[step], receipt={"behind": [[vault.pk, "vault.py"]]}
    )
    owner.groups.remove(Group.objects.get(name="board"))
    server = planning()
    server.model.received.clear()
    answer_question(str(follow_up.pk))
    message = Message.objects.get(pk=follow_up.pk)
    assert (message.state, len(message.steps)) == ("done", 2)
    assert "WORDOFVAULT" not in repr((message.query, message.steps, message.receipt, message.text))
    assert "WORDOFVAULT" not in str(server.model.received)


def test_a_step_that_never_ended_is_sealed_with_the_turns_that_word_it(
    follow_up: Message, vault: Source, planning: Planning, monkeypatch: pytest.MonkeyPatch
) -> None:
    planning()

    def breaks(*arguments: object, **more: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr(searching, "search", breaks)
    with pytest.raises(RuntimeError):
        answer_question(str(follow_up.pk))
    message = Message.objects.get(pk=follow_up.pk)
    assert (message.state, len(message.steps)) == ("failed", 1)
    assert (vault.pk, "vault.py") in places_behind(message)
