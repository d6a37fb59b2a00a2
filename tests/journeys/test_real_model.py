"""The main path with nothing faked: git, the static model, PostgreSQL, Valkey, a worker, vLLM, the small model.

A model of half a billion parameters forgets its citations now and then. The journey may therefore
ask up to three questions, each with an obvious answer, and needs one answer with a citation that
holds; that every citation kept is right is asserted of each answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from django.test import override_settings

from appliance.accounts.models import User
from appliance.config.celery import app as celery_app
from appliance.conversations import asking
from appliance.conversations.models import Message
from appliance.conversations.rendering import render_answer
from appliance.sources.access import scope_of
from appliance.sources.granting import set_grant
from appliance.sources.managing import connect
from indexer import clients
from indexer.ingestion.inline import sync_now
from indexer.retrieval.search import search
from tests.gitrepos import Repository
from tests.journeys.tidewatch import make_tidewatch
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.model,
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(1800),
]

QUESTIONS = (
    "Which exception does GaugeClient.read_level raise after the last retry?",
    "What is the default value of TIDEWATCH_ALARM_CM in read_settings?",
    "How many times is a gauge asked, and how long are the pauses? See RETRIES.",
)
LONG = "Explain every line of GaugeClient and of read_settings, one after the other, in detail."
ANSWER_TIMEOUT_S = 600.0  # on a busy machine of two cores


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tidewatch(tmp_path / "tidewatch")


@pytest.fixture
def owner_of_answers(
    owner: User, repository: Repository, small_model_url: str, broker: str, tmp_path: Path
) -> Iterator[User]:
    """Someone who may read a source that the real embedding model has indexed."""
    with override_settings(
        CHAT_URL=small_model_url,
        EMBEDDING="static",
        GIT_ALLOWED_FOLDERS=[tmp_path],
        MIRRORS_DIR=tmp_path / "mirrors",
    ):
        clients.close()
        source = connect(str(repository.path), name="tidewatch", from_command_line=True)
        sync_now(source)
        set_grant("readers", source)
        with start_worker(
            celery_app, pool="solo", queues=["ask"], perform_ping_check=False, loglevel="WARNING"
        ):
            yield owner
        clients.close()


def wait_for(message: Message, reached: Callable[[Message], bool]) -> Message:
    now = Message.objects.filter(pk=message.pk)
    return wait_until(
        lambda: next(filter(reached, now.all()), None), "the answer", within_s=ANSWER_TIMEOUT_S
    )


def assert_citations_hold(message: Message, repository: Repository) -> int:
    """Compare every citation with what git says; return how many there are."""
    links = message.evidence_links.filter(role="cited").select_related("evidence__blob")
    for link in links:
        cited = link.evidence
        shown = repository.git_bytes("show", f"{cited.commit}:{cited.path}").decode()
        assert cited.span.lines_of(shown) == cited.span.lines_of(cited.blob.text)
        assert cited.span.end_line <= len(shown.split("\n"))
    return len(links)


def test_a_question_gets_an_answer_with_a_verified_citation_and_a_long_one_can_be_stopped(
    owner_of_answers: User, repository: Repository
) -> None:
    found = search(QUESTIONS[0], scope=scope_of(owner_of_answers))
    assert "vector" in found.legs
    assert found.hits[0].path in {"tidewatch/client.py", "tidewatch/errors.py"}

    verified = 0
    for question in QUESTIONS:
        asked = asking.ask(owner_of_answers, question)
        message = wait_for(asked, lambda now: not now.is_open)
        assert (message.state, message.error, message.not_found) == ("done", "", False)
        assert message.usage["prompt_tokens"] == message.receipt["prompt_tokens"]
        verified = assert_citations_hold(message, repository)
        if verified:
            assert 'class="citation"' in render_answer(message, scope_of(owner_of_answers)).html
            break
    assert verified

    asked = asking.ask(owner_of_answers, LONG)
    wait_for(asked, lambda now: now.state == "writing" or not now.is_open)
    asking.stop(asked)
    stopped_at = time.monotonic()
    message = wait_for(asked, lambda now: not now.is_open)
    assert not message.not_found
    assert message.state == "stopped"
    assert time.monotonic() - stopped_at < 30
    assert "completion_tokens" not in message.usage  # hung up before the end
