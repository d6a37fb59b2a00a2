"""What is written down while an answer grows, stops, breaks, or is left behind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations import asking, recording, rescuing
from appliance.conversations.access import is_sealed
from appliance.conversations.evidence import hash_lines
from appliance.conversations.models import Message, MessageEvidence, Thread
from appliance.conversations.questions import question_of
from appliance.conversations.rendering import render_answer
from appliance.conversations.tasks import answer_question, rescue_answers
from appliance.conversations.waiting import claim_fairest
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.conftest import SourceFactory
from tests.waiting import wait_until

# The watcher of an answer is a thread with a connection of its own: it must see the rows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

ADD = "How does add_item add an item to the cart?"


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def waiting(owner: User, shop: Source) -> Message:
    return queued(owner, ADD)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the ids that would be sent; the broker is the one part that is not here."""
    sent: list[str] = []
    monkeypatch.setattr(answer_question, "delay", sent.append)
    monkeypatch.setattr(answer_question, "delay_on_commit", sent.append)
    return sent


def queued(owner: User, question: str, thread: Thread | None = None) -> Message:
    return asking.ask(owner, question, thread=thread)


def answered(message: Message) -> Message:
    answer_question(str(message.pk))
    return Message.objects.get(pk=message.pk)


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """Run the worker's part in a thread of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(30)
        assert not thread.is_alive()


def wait_for(message: Message, reached: Callable[[Message], bool]) -> Message:
    now = Message.objects.filter(pk=message.pk)
    return wait_until(lambda: next(filter(reached, now.all()), None), "that state of the answer")


def test_an_answer_is_written_down_with_everything_that_belongs_to_it(waiting: Message) -> None:
    message = answered(waiting)
    assert (message.state, message.error, message.not_found) == ("done", "", False)
    assert message.text
    assert message.query == ADD
    assert message.usage["completion_tokens"] > 0
    assert message.usage["prompt_tokens"] == message.receipt["prompt_tokens"]
    assert message.receipt["sources"][0]["name"] == "shop"
    assert message.seconds is not None
    assert message.seconds < 30


def test_the_evidence_is_kept_with_its_roles_and_the_hash_of_its_lines(waiting: Message) -> None:
    message = answered(waiting)
    links = list(message.evidence_links.select_related("evidence__blob"))
    roles = [link.role for link in links]
    assert set(roles) == {"in_prompt", "cited"}
    assert roles.count("in_prompt") == message.receipt["given"]
    for link in links:
        lines = link.evidence.span.lines_of(link.evidence.blob.text)
        assert link.evidence.line_hash == hash_lines(lines)


def test_an_answer_passes_through_its_states(waiting: Message, models: FakeServer) -> None:
    models.model.script = Script(mode=Mode.SLOW, text="word " * 30, pause_s=0.05)
    assert waiting.state == "queued"
    with beside(lambda: answer_question(str(waiting.pk))):
        growing = wait_for(waiting, lambda message: bool(message.text))
        assert growing.state == "writing"
        assert growing.evidence_links.filter(role="in_prompt").exists()
        assert growing.touched_at > waiting.touched_at
    assert Message.objects.get(pk=waiting.pk).text == "word " * 30


def test_a_citation_that_does_not_hold_is_counted(waiting: Message, models: FakeServer) -> None:
    models.model.script = Script(text="It adds [E1]. It removes [E77]. It waits [E1:900-901].")
    message = answered(waiting)
    assert (message.struck, message.receipt["struck"]) == (2, 2)
    assert message.evidence_links.filter(role="cited").count() == 1


def test_not_found_keeps_the_receipt_and_what_was_nearest(owner: User, shop: Source) -> None:
    message = answered(queued(owner, "What is the capital of Mongolia?"))
    assert (message.state, message.not_found, message.text) == ("done", True, "")
    assert message.receipt["sources"][0]["name"] == "shop"
    assert {link.role for link in message.evidence_links.all()} == {"near"}
    assert [expert["name"] for expert in message.receipt["experts"]] == ["Ada Example"]


def test_the_judgements_of_an_answer_are_kept_and_counted(
    waiting: Message, models: FakeServer
) -> None:
    models.model.script = Script(
        text="`add_item` adds to the cart [E1]. It calls `frobnicate()` [E1]. See `CartFull`."
    )
    message = answered(waiting)
    assert [one["verdict"] for one in message.checks["sentences"]] == [
        "supported",
        "unsupported",
        "uncited",
    ]
    assert message.checks["sentences"][1]["missing"] == ["frobnicate"]
    assert message.checks["unknown"] == ["frobnicate"]
    counts = message.checks["counts"]
    assert (counts["made"], counts["struck"], counts["supported"]) == (2, 1, 1)
    assert message.struck == 1


def test_a_sentence_is_judged_while_the_next_is_written(
    waiting: Message, models: FakeServer
) -> None:
    models.model.script = Script(
        mode=Mode.SLOW,
        text="It calls `frobnicate()` [E1]. " + "And then it waits for more words. " * 10,
        pause_s=0.05,
    )
    with beside(lambda: answer_question(str(waiting.pk))):
        growing = wait_for(waiting, lambda message: bool(message.checks.get("sentences")))
        assert growing.state == "writing"
        assert growing.checks["sentences"][0]["verdict"] == "unsupported"
        html = render_answer(growing, scope_of(growing.thread.owner)).html
        assert "not supported" in html
        assert "citation" not in html


def test_a_broken_model_fails_the_answer_and_leaves_what_was_found(
    waiting: Message, models: FakeServer
) -> None:
    models.model.script = Script(mode=Mode.CUT_SSE)
    message = answered(waiting)
    assert message.state == "failed"
    assert message.error.startswith("The model does not answer: ")
    assert message.evidence_links.exists()


def test_stopping_hangs_up_and_keeps_what_was_written(waiting: Message, models: FakeServer) -> None:
    models.model.script = Script(mode=Mode.SLOW, text="Adds [E1]. " + "word " * 2000, pause_s=0.1)
    with beside(lambda: answer_question(str(waiting.pk))):
        wait_for(waiting, lambda message: "word" in message.text)
        asking.stop(waiting)
        stopped_at = time.monotonic()
        message = wait_for(waiting, lambda message: not message.is_open)
        while models.hang_ups == 0 and time.monotonic() - stopped_at < 20:
            time.sleep(0.02)
        took = time.monotonic() - stopped_at
    assert message.state == "stopped"
    assert message.text.startswith("Adds [E1]. word")
    assert len(message.text) < 5000
    assert message.evidence_links.filter(role="cited").count() == 1
    assert models.hang_ups == 1
    assert took < 20  # the answer would go on for minutes


def test_stopping_a_silent_model_ends_the_answer(waiting: Message, models: FakeServer) -> None:
    models.model.script = Script(mode=Mode.HANG)
    with beside(lambda: answer_question(str(waiting.pk))):
        wait_for(waiting, lambda message: message.state == "writing")
        asking.stop(waiting)
        message = wait_for(waiting, lambda message: not message.is_open)
        models.model.released.set()
    assert (message.state, message.text, message.error) == ("stopped", "", "")


def test_a_waiting_answer_stops_at_once_and_is_never_begun(
    waiting: Message, models: FakeServer
) -> None:
    asking.stop(waiting)
    models.model.received.clear()
    assert answered(waiting).state == "stopped"
    assert models.model.received == []


def test_a_thread_that_is_deleted_meanwhile_stays_deleted(
    waiting: Message, models: FakeServer
) -> None:
    models.model.script = Script(mode=Mode.SLOW, text="Adds [E1]. " + "word " * 2000, pause_s=0.02)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answer_question(str(waiting.pk))
        except Exception as exc:  # noqa: BLE001  the test asserts that there is none
            errors.append(exc)

    with beside(work):
        wait_for(waiting, lambda message: "word" in message.text)
        asking.delete_thread(waiting.thread)
    assert errors == []
    assert not Thread.objects.exists()
    assert not MessageEvidence.objects.exists()


def test_an_answer_is_taken_once(waiting: Message) -> None:
    assert claim_fairest() == waiting
    assert claim_fairest() is None


def test_a_message_that_comes_twice_is_answered_once(waiting: Message, models: FakeServer) -> None:
    first = answered(waiting)
    models.model.received.clear()
    again = answered(waiting)
    assert (again.text, again.touched_at) == (first.text, first.touched_at)
    assert models.model.received == []


def test_a_message_that_is_gone_is_nobodys_work() -> None:
    answer_question("00000000-0000-4000-8000-000000000000")
    assert not Message.objects.exists()


def test_a_fault_of_ours_fails_the_answer_with_a_sentence(
    waiting: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    # No input is known that breaks the flow; this stands for the next one that does.
    monkeypatch.setattr(recording, "answer", broken)
    with pytest.raises(ZeroDivisionError):
        answer_question(str(waiting.pk))
    message = Message.objects.get(pk=waiting.pk)
    assert message.state == "failed"
    assert message.error.startswith("Something went wrong on our side.")


def test_a_waiting_answer_that_the_broker_lost_is_sent_again_once(
    waiting: Message, no_broker: list[str]
) -> None:
    no_broker.clear()
    rescue_answers()
    assert no_broker == []
    Message.objects.update(touched_at=timezone.now() - rescuing.LOST - timedelta(seconds=1))
    rescue_answers()
    rescue_answers()
    assert no_broker == [str(waiting.pk)]


@pytest.mark.parametrize("state", ["searching", "writing"])
def test_an_answer_whose_worker_died_is_ended_with_a_sentence(
    state: str, owner: User, message_factory: MessageFactory
) -> None:
    dead = message_factory(owner, "It ad", state=state)
    alive = message_factory(owner, "It ad", state=state)
    Message.objects.filter(pk=dead.pk).update(
        touched_at=timezone.now() - rescuing.DEAD - timedelta(seconds=1)
    )
    assert rescuing.rescue() == []
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.state, dead.text, dead.error) == ("failed", "It ad", rescuing.INTERRUPTED)
    assert alive.state == state


def test_an_answer_that_ended_cannot_fail_any_more(
    owner: User, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "It adds.")
    rescuing.mark_failed(message)
    message.refresh_from_db()
    assert (message.state, message.error) == ("done", "")


def test_a_long_silence_of_the_model_does_not_look_like_a_dead_worker(
    waiting: Message, models: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "TOUCH_S", 0.1)  # or the test would wait for seconds
    models.model.script = Script(mode=Mode.HANG)
    with beside(lambda: answer_question(str(waiting.pk))):
        silent = wait_for(waiting, lambda message: message.state == "writing")
        wait_for(waiting, lambda message: message.touched_at > silent.touched_at)
        models.model.released.set()


def test_a_follow_up_is_given_the_turns_before_it_without_their_handles(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    cart = lines_of(shop, "shop/cart.py", 4, 9)
    earlier = message_factory(owner, "It adds [E1].", [cart], question="What adds?")
    question, _ = question_of(queued(owner, "And then?", earlier.thread))
    assert question.text == "And then?"
    assert [(turn.question, turn.answer) for turn in question.turns] == [("What adds?", "It adds.")]


def test_a_follow_up_is_not_given_a_sealed_turn(
    owner: User, shop: Source, message_factory: MessageFactory, models: FakeServer
) -> None:
    cart = lines_of(shop, "shop/cart.py", 4, 9)
    earlier = message_factory(owner, "CANARY_OF_SHOP [E1].", [cart], question="What adds?")
    Grant.objects.all().delete()
    question, _ = question_of(queued(owner, "And then?", earlier.thread))
    assert question.turns == ()


def test_a_follow_up_is_sealed_with_the_turns_that_it_repeats(
    owner: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    shop, store = source_factory("shop", FILES), source_factory("store", FILES)
    cart = lines_of(shop, "shop/cart.py", 4, 9)
    earlier = message_factory(owner, "It adds [E1].", [cart], question="What adds?")
    asked = asking.ask(owner, ADD, thread=earlier.thread, source_names=["store"])
    message = answered(asked)
    Grant.objects.filter(source=shop).delete()
    places = {row.evidence.source_id for row in message.evidence_links.select_related("evidence")}
    assert places == {store.pk}
    assert is_sealed(message, scope_of(owner))


def test_a_follow_up_is_given_no_turn_without_an_answer(
    owner: User, message_factory: MessageFactory
) -> None:
    thread = message_factory(owner, "", question="Unanswered?").thread
    for number in range(8):
        message_factory(owner, f"Answer {number}.", question=f"Question {number}?", thread=thread)
    question, _ = question_of(queued(owner, "And then?", thread))
    assert [turn.question for turn in question.turns] == [f"Question {n}?" for n in range(8)]
    assert [turn.number for turn in question.turns] == list(range(2, 10))


def test_an_answer_uses_what_its_owner_may_read_when_it_is_written(
    waiting: Message, models: FakeServer
) -> None:
    Grant.objects.all().delete()
    models.model.received.clear()
    message = answered(waiting)
    assert message.not_found
    assert message.receipt["sources"] == []
    assert models.model.received == []


def test_the_log_says_how_it_went_and_nothing_of_the_text(
    waiting: Message, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="appliance.conversations.recording"):
        answered(waiting)
    (line,) = [r.getMessage() for r in caplog.records if r.name.endswith("recording")]
    assert f"message={waiting.pk} state=done" in line
    assert "add_item" not in line
