"""The mode "pair" as it is written down: shown, sealed, stopped, and taken up after a crash."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations import asking, rescuing
from appliance.conversations.access import is_sealed, places_behind
from appliance.conversations.models import Message
from appliance.conversations.modes import Mode
from appliance.conversations.questions import question_of
from appliance.conversations.rendering import render_answer
from appliance.conversations.streams import _snapshot
from appliance.conversations.tasks import answer_question, rescue_answers
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Mode as Behaviour
from inference.testing import Script
from tests.appliance.conversations.answering.pairing.conftest import FLOW, plan, planner_requests
from tests.appliance.conversations.planting import share_with
from tests.appliance.conversations.test_recording import beside, wait_for
from tests.conftest import UserFactory
from tests.processes import ROOT, product_environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

Planning = Callable[..., FakeServer]
PLANS = (
    plan("references", "reserve_stock"),
    plan("read", place="billing/ledger_book.py"),
    plan("search", "parcel"),
)
WORKER = """
import sys, django
django.setup()
from appliance.conversations.tasks import answer_question
answer_question(sys.argv[1])
"""


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the ids that would be sent; the broker is the one part that is not here."""
    ids: list[str] = []
    monkeypatch.setattr(answer_question, "delay", ids.append)
    return ids


@pytest.fixture
def waiting(owner: User, orders: Source) -> Message:
    return asking.ask(owner, FLOW, mode=Mode.PAIR)


def answered(message: Message) -> Message:
    answer_question(str(message.pk))
    return Message.objects.get(pk=message.pk)


def bury(message: Message) -> None:
    """Let the dead worker's answer be seen as one now instead of in a minute."""
    past = timezone.now() - rescuing.DEAD - timedelta(seconds=1)
    Message.objects.filter(pk=message.pk).update(touched_at=past)


def titles(message: Message) -> list[str]:
    return [step["title"] for step in message.steps]


def test_steps_are_written_down_and_shown_with_the_answer(
    waiting: Message, owner: User, client: Client, planning: Planning
) -> None:
    planning(*PLANS)
    message = answered(waiting)
    assert (message.state, message.error, message.mode) == ("done", "", "pair")
    assert [step["kind"] for step in message.steps] == [
        "search", "references", "read", "search", "plan",
    ]  # fmt: skip
    assert not any(step["is_running"] for step in message.steps)
    client.force_login(owner)
    page = client.get(f"/threads/{message.thread_id}/").content.decode()
    assert "5 steps, " in page
    assert "Read billing/ledger_book.py, lines 1-12" in page
    assert page.count('<span class="tag">Pair</span>') == 2


def test_steps_are_sealed_with_what_they_found(
    waiting: Message, owner: User, client: Client, planning: Planning, orders: Source
) -> None:
    planning(*PLANS)
    message = answered(waiting)
    Grant.objects.create(
        group=owner.groups.get(), source=orders, path_pattern="billing", allow=False
    )
    assert is_sealed(message, scope_of(owner))
    assert render_answer(message, scope_of(owner)).steps == ()
    client.force_login(owner)
    page = client.get(f"/threads/{message.thread_id}/").content.decode()
    assert "Sealed." in page
    assert "ledger_book" not in page
    assert "reserve_stock" not in page


def test_what_a_step_found_counts_though_it_did_not_get_into_the_prompt(
    waiting: Message, orders: Source
) -> None:
    Message.objects.filter(pk=waiting.pk).update(
        state="done", steps=[{"number": 1, "places": [[orders.pk, "secret/keys.py"]]}]
    )
    assert places_behind(Message.objects.get(pk=waiting.pk)) == {(orders.pk, "secret/keys.py")}


def test_the_stream_notices_a_new_step(waiting: Message) -> None:
    snapshots = set()
    for steps in (
        [],
        [{"number": 1, "title": "Searching", "is_running": True}],
        [{"number": 1, "title": "Searched", "is_running": False}],
        [{"number": 1, "title": "Searched", "is_running": False},
         {"number": 2, "title": "Deciding", "is_running": True}],
    ):  # fmt: skip
        Message.objects.filter(pk=waiting.pk).update(steps=steps)
        snapshots.add(async_to_sync(_snapshot)(waiting.thread.owner, waiting.pk))
    assert len(snapshots) == 4


def test_a_stop_ends_the_steps_soon(waiting: Message, planning: Planning) -> None:
    server = planning(*[plan("search", f"invoice {n}") for n in range(50)])
    server.model.script = Script(
        mode=Behaviour.SLOW, plans=server.model.script.plans, pause_s=0.1, window_tokens=8192
    )
    with beside(lambda: answer_question(str(waiting.pk))):
        wait_for(waiting, lambda message: len(message.steps) >= 2)
        asking.stop(waiting)
        stopped_at = time.monotonic()
        message = wait_for(waiting, lambda message: not message.is_open)
    assert time.monotonic() - stopped_at < 20  # the steps would go on for minutes
    assert (message.state, message.text, message.error) == ("stopped", "", "")
    assert len(message.steps) < 8
    assert message.evidence_links.exists()


def test_a_silent_planner_is_stopped(waiting: Message, planning: Planning) -> None:
    server = planning(mode=Behaviour.HANG)
    with beside(lambda: answer_question(str(waiting.pk))):
        wait_for(waiting, lambda message: len(message.steps) == 2)
        asking.stop(waiting)
        message = wait_for(waiting, lambda message: not message.is_open)
        server.model.released.set()
    assert message.state == "stopped"
    assert titles(message)[-1] == "Stopped"


def test_an_answer_goes_on_from_its_steps_when_its_worker_died(
    waiting: Message, planning: Planning, sent: list[str]
) -> None:
    planning(*PLANS)
    whole = answered(waiting)
    # As it stood when a worker died in its third step.
    running = {**whole.steps[2], "is_running": True, "found": [], "places": []}
    Message.objects.filter(pk=whole.pk).update(
        state="searching", attempts=1, text="", steps=[*whole.steps[:2], running]
    )
    bury(whole)
    sent.clear()
    rescue_answers()
    assert sent == [str(whole.pk)]
    server = planning(*PLANS[1:])
    server.model.received.clear()
    again = answered(whole)
    assert (again.state, again.attempts) == ("done", 2)
    assert titles(again) == titles(whole)
    assert again.steps[1] == whole.steps[1]
    assert len(planner_requests(server)) == 3  # two plans, and that it is enough
    given = set(again.evidence_links.values_list("evidence__path", flat=True))
    assert {"shop/warehouse.py", "billing/ledger_book.py"} <= given


def test_an_answer_that_was_being_written_is_written_again_without_planning(
    waiting: Message, planning: Planning
) -> None:
    planning(*PLANS)
    whole = answered(waiting)
    Message.objects.filter(pk=whole.pk).update(state="writing", attempts=1, text="It add")
    bury(whole)
    rescue_answers()
    server = planning()
    server.model.received.clear()
    again = answered(whole)
    assert again.text == whole.text
    assert planner_requests(server) == []
    assert titles(again) == titles(whole)


def test_steps_on_lines_that_may_not_be_read_any_more_are_not_taken_up(
    waiting: Message, planning: Planning, owner: User, orders: Source
) -> None:
    planning(*PLANS)
    whole = answered(waiting)
    Message.objects.filter(pk=whole.pk).update(state="searching", attempts=1, text="")
    bury(whole)
    rescue_answers()
    Grant.objects.create(
        group=owner.groups.get(), source=orders, path_pattern="billing", allow=False
    )
    server = planning()
    server.model.received.clear()
    again = answered(whole)
    asked = [one for one in server.model.received if one["path"] == "/v1/chat/completions"]
    assert "ledger_book.py" not in str([one["messages"] for one in asked]).replace(
        "billing.ledger_book", ""
    )
    assert not is_sealed(again, scope_of(owner))
    assert len(again.steps) == 2


@pytest.mark.parametrize(
    ("fields", "state", "error"),
    [
        ({"attempts": rescuing.ATTEMPTS}, "failed", rescuing.INTERRUPTED),
        ({"attempts": 1, "mode": "answer"}, "failed", rescuing.INTERRUPTED),
        ({"attempts": 1, "stop_asked": True}, "stopped", ""),
    ],
)
def test_what_cannot_or_need_not_go_on_ends(
    fields: dict[str, object], state: str, error: str, waiting: Message, sent: list[str]
) -> None:
    Message.objects.filter(pk=waiting.pk).update(state="searching", **fields)
    bury(waiting)
    sent.clear()
    rescue_answers()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error, sent) == (state, error, [])


def test_a_worker_that_was_thought_dead_writes_nothing_any_more(
    waiting: Message, planning: Planning
) -> None:
    server = planning(mode=Behaviour.HANG)
    with beside(lambda: answer_question(str(waiting.pk))):
        wait_for(waiting, lambda message: len(message.steps) == 2)
        Message.objects.filter(pk=waiting.pk).update(attempts=2, state="searching", steps=[])
    server.model.released.set()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.steps, waiting.text) == ("searching", [], "")


def test_a_killed_worker_costs_no_step(
    waiting: Message, planning: Planning, tmp_path: Path, sent: list[str]
) -> None:
    server = planning(*PLANS, mode=Behaviour.SLOW, pause_s=0.3)
    environment = product_environment(
        tmp_path,
        PLUMBLINE_CHAT_URL=server.url,
        PLUMBLINE_EMBEDDING="server",
        PLUMBLINE_EMBEDDING_URL=server.url,
        PLUMBLINE_EMBEDDING_MODEL="fake-embedder",
    )
    command = [sys.executable, "-c", WORKER, str(waiting.pk)]
    with subprocess.Popen(command, env=environment, cwd=ROOT) as worker:
        seen = wait_for(waiting, lambda m: len(m.steps) == 3)
        worker.kill()
        assert worker.wait() != 0
    bury(waiting)
    sent.clear()
    rescue_answers()
    assert sent == [str(waiting.pk)]
    server = planning(*PLANS[1:])
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=240)
    message = Message.objects.get(pk=waiting.pk)
    assert (message.state, message.attempts, message.error) == ("done", 2, "")
    assert message.steps[1] == seen.steps[1]
    assert len(message.steps) == 5
    assert message.text


def test_an_option_is_asked_as_a_follow_up_in_the_same_mode(
    waiting: Message, owner: User, client: Client, planning: Planning, user_factory: UserFactory
) -> None:
    options = ["checkout", "reserve_stock"]
    planning(plan("ask_back", "Which <b>one</b>?", options=[*options, "<script>"]))
    message = answered(waiting)
    assert (message.state, message.receipt["options"]) == ("done", options)
    client.force_login(owner)
    page = client.get(f"/threads/{message.thread_id}/").content.decode()
    assert '<button class="button button-small" name="question" value="checkout">' in page
    assert "<b>one</b>" not in page
    assert f'name="after" value="{message.pk}"' in page.split('class="options"')[1]
    client.post(f"/threads/{message.thread_id}/ask/", {"question": "checkout", "mode": "pair"})
    follow_up = Message.objects.filter(role="answer").latest("created_at")
    assert (follow_up.mode, Message.objects.get(children=follow_up).text) == ("pair", "checkout")
    question, _ = question_of(follow_up)
    assert not question.may_ask_back
    assert [turn.answer for turn in question.turns] == ["Which <b>one</b>?"]
    # Chosen once, it is not offered again; nor to who may ask nothing here.
    assert 'class="options"' not in client.get(f"/threads/{message.thread_id}/").content.decode()
    reader = user_factory("viewer", groups=("readers",))
    share_with(message.thread, reader)
    client.force_login(reader)
    shared = client.get(f"/threads/{message.thread_id}/?at={message.pk}").content.decode()
    assert "Which &lt;b&gt;one&lt;/b&gt;?" in shared
    assert 'class="options"' not in shared


def test_the_forms_in_a_streamed_answer_have_their_token(
    waiting: Message, owner: User, planning: Planning
) -> None:
    planning(plan("ask_back", "Which one?", options=["checkout", "reserve_stock"]))
    answered(waiting)
    thread = f"/threads/{waiting.thread_id}/"

    async def statuses() -> list[int]:
        client: Any = AsyncClient(enforce_csrf_checks=True)
        await client.aforce_login(owner)
        await client.get(thread)  # the page that the stream belongs to has set the cookie
        response = await client.get(f"/messages/{waiting.pk}/events/")
        events = "".join([part.decode() async for part in response.streaming_content])
        token = events.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        asked = [{"question": "checkout"}, {"question": "checkout", "csrfmiddlewaretoken": token}]
        return [(await client.post(f"{thread}ask/", one)).status_code for one in asked]

    assert async_to_sync(statuses)() == [403, 302]


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_nobody_but_the_owner_sees_steps_and_options(
    person: str,
    waiting: Message,
    planning: Planning,
    client: Client,
    request: pytest.FixtureRequest,
) -> None:
    planning(plan("ask_back", "Which one?", options=["checkout", "reserve_stock"]))
    message = answered(waiting)
    client.force_login(request.getfixturevalue(person))
    for path in (f"/threads/{message.thread_id}/", f"/messages/{message.pk}/events/"):
        response = client.get(path)
        assert response.status_code == 404
        assert b"reserve_stock" not in response.content
