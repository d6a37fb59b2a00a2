"""What a turn came to is noted once, by the model or in the turn's own words."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations.models import Message
from appliance.conversations.noting import (
    NOTE_CHARACTERS,
    extract,
    note_by_extract,
    note_by_model,
    turns_to_note,
)
from appliance.conversations.tasks import note_turns
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.conversations.conftest import MessageFactory


@pytest.fixture
def answers(owner: User, message_factory: MessageFactory, models: FakeServer) -> list[Message]:
    thread = None
    made: list[Message] = []
    for number in range(6):
        made.append(
            message_factory(
                owner, f"Answer {number} [E1].", question=f"Question {number}?", thread=thread
            )
        )
        thread = made[-1].thread
    return made


def notes() -> list[str]:
    return list(
        Message.objects.filter(role="answer").order_by("created_at").values_list("note", flat=True)
    )


def test_an_extract_is_how_question_and_answer_begin() -> None:
    assert extract("What adds?\n\n", "It adds [E1].") == "What adds? \u2192 It adds."
    assert extract("What adds?", "") == "What adds?"
    assert len(extract("word " * 5000, "word " * 5000)) < NOTE_CHARACTERS


def test_a_note_is_never_written_again(answers: list[Message]) -> None:
    first = answers[0]
    Message.objects.filter(pk=first.pk).update(note="Kept.")
    first.note = ""
    assert first.parent is not None
    note_by_extract([(first.parent, first)])
    assert notes()[0] == "Kept."


def test_the_newest_turns_are_not_noted_yet(answers: list[Message]) -> None:
    assert [answer.pk for _, answer in turns_to_note(answers[-1])] == [
        one.pk for one in answers[1:4]
    ]
    assert turns_to_note(answers[1]) == []


def test_the_model_notes_what_will_be_needed(answers: list[Message], models: FakeServer) -> None:
    models.model.script = Script(text="They settled on [E1] \u202eninety days.\n")
    note_turns(str(answers[-1].pk))
    assert notes() == ["", *["They settled on ninety days."] * 3, "", ""]
    note_turns(str(answers[-1].pk))
    assert notes() == [*["They settled on ninety days."] * 4, "", ""]


@pytest.mark.parametrize("mode", [Mode.HTTP500, Mode.CUT_SSE])
def test_a_model_that_fails_leaves_the_turn_for_its_extract(
    mode: Mode, answers: list[Message], models: FakeServer
) -> None:
    models.model.script = Script(mode=mode)
    assert note_by_model(answers[-1]) == 0
    assert notes() == [""] * 6


def test_a_small_model_and_none_at_all_write_no_notes(
    answers: list[Message], settings: Settings
) -> None:
    settings.ANSWER_STYLE = "opened"
    assert turns_to_note(answers[-1]) == []


def test_a_thread_that_is_gone_is_no_fault(answers: list[Message]) -> None:
    answers[0].thread.delete()
    note_turns(str(answers[-1].pk))
