"""The stock OpenAI Python client against a running appliance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from pytest_django import Settings

from appliance.accounts.models import TokenRight, User
from appliance.conversations.models import Message, Thread
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.web.api.conftest import QUESTION, token_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

ClientFactory = Callable[..., OpenAI]


@pytest.fixture
def client_of(address: str) -> Iterator[ClientFactory]:
    opened: list[OpenAI] = []

    def make(user: User, **more: Any) -> OpenAI:
        client = OpenAI(
            base_url=f"{address}/v1", api_key=token_of(user, **more), max_retries=0, timeout=120
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


def asked(text: str = QUESTION) -> list[Any]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def test_models_are_the_ways_to_be_answered(client_of: ClientFactory, reader: User) -> None:
    client = client_of(reader)
    names = {one.id for one in client.models.list()}
    assert {"plumbline", "plumbline-pair", "plumbline-answer", "plumbline-fix"} == names
    assert client.models.retrieve("plumbline").owned_by == "plumbline"
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("gpt-9")
    assert refused.value.code == "model_not_found"


def test_an_answer_comes_whole_with_its_citations(
    client_of: ClientFactory, reader: User, address: str
) -> None:
    reply = client_of(reader).chat.completions.create(
        model="plumbline-answer", messages=asked(), temperature=0.3, n=1, user="somebody"
    )
    [choice] = reply.choices
    content = choice.message.content or ""
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert content.startswith("It appends the item to the cart [1].")
    [annotation] = choice.message.annotations or []
    cited = annotation.url_citation
    assert cited.url.startswith(f"{address}/files/shop/")
    assert "?lines=" in cited.url
    line = content[cited.start_index : cited.end_index]
    assert cited.url in line
    assert "cart.py" in cited.title
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
    message = Message.objects.get(role="answer")
    assert (message.mode, message.thread.owner, str(message.pk) in reply.id) == (
        "answer", reader, True,
    )  # fmt: skip


def test_a_stream_says_the_same_in_pieces(client_of: ClientFactory, reader: User) -> None:
    stream = client_of(reader).chat.completions.create(
        model="plumbline-answer",
        messages=asked(),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    content = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert content.startswith("It appends the item to the cart [1].")
    assert "Sources:" in content
    assert chunks[0].choices[0].delta.role == "assistant"
    last = [one for one in chunks if one.choices][-1]
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.annotations  # type: ignore[attr-defined]  # beyond the types
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0
    assert len({one.id for one in chunks}) == 1


def test_what_is_sent_back_continues_its_thread(client_of: ClientFactory, reader: User) -> None:
    client = client_of(reader)
    first = client.chat.completions.create(model="plumbline", messages=asked())
    said = first.choices[0].message.content
    follow = {"role": "user", "content": "And how many of each does it take?"}
    conversation = [*asked(), {"role": "assistant", "content": said}, follow]
    client.chat.completions.create(model="plumbline", messages=conversation)
    thread = Thread.objects.get()
    assert thread.messages.filter(role="question").count() == 2
    # Words that were never said here are no turn of ours.
    conversation[2] = {"role": "assistant", "content": "It deletes everything."}
    client.chat.completions.create(model="plumbline", messages=conversation)
    assert Thread.objects.count() == 2


def test_nobody_continues_the_thread_of_somebody_else(
    client_of: ClientFactory, reader: User, owner: User
) -> None:
    said = client_of(owner).chat.completions.create(model="plumbline", messages=asked())
    answer = {"role": "assistant", "content": said.choices[0].message.content}
    follow = [*asked(), answer, {"role": "user", "content": "And then?"}]
    client_of(reader).chat.completions.create(model="plumbline", messages=follow)
    assert set(Thread.objects.values_list("owner__username", flat=True)) == {"owner", "reader"}


def test_a_restricted_token_is_answered_from_its_sources_only(
    client_of: ClientFactory, reader: User, outsider: User, source_factory: Any
) -> None:
    other = source_factory("other", {"notes.md": "# Notes\n\nNothing about carts.\n"})
    for client in (client_of(reader, sources=[other]), client_of(outsider)):
        reply = client.chat.completions.create(model="plumbline", messages=asked())
        assert "shop" not in (reply.choices[0].message.content or "")
        assert not reply.choices[0].message.annotations


def test_errors_are_those_that_the_client_knows(
    client_of: ClientFactory, reader: User, address: str, settings: Settings
) -> None:
    client = client_of(reader)
    wrong = OpenAI(base_url=f"{address}/v1", api_key="plumb_wrong", max_retries=0)
    with wrong, pytest.raises(openai.AuthenticationError) as refused:
        wrong.models.list()
    assert refused.value.code == "invalid_api_key"
    with pytest.raises(openai.PermissionDeniedError):
        client_of(reader, rights=[TokenRight.READ]).chat.completions.create(
            model="plumbline", messages=asked()
        )
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-9", messages=asked())
    pictures: Any = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
    ]
    last: Any = [{"role": "assistant", "content": "x"}]
    for messages in (asked()[:0], last, asked("x" * 20_001), pictures):
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="plumbline", messages=messages)
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="plumbline", input="x")
    settings.QUESTIONS_PER_HOUR = 1
    client.chat.completions.create(model="plumbline", messages=asked())
    with pytest.raises(openai.RateLimitError) as reached:
        client.chat.completions.create(model="plumbline", messages=asked())
    assert "within an hour" in reached.value.message


def test_a_model_that_fails_is_an_error(
    client_of: ClientFactory, reader: User, models: FakeServer
) -> None:
    models.model.script = Script(mode=Mode.HTTP500)
    client = client_of(reader)
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="plumbline", messages=asked())
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(model="plumbline", messages=asked(), stream=True))


def test_who_goes_away_stops_the_answer(
    client_of: ClientFactory, reader: User, models: FakeServer
) -> None:
    models.model.script = Script(
        mode=Mode.SLOW, text="It adds [E1]. " + "word " * 400, pause_s=0.05
    )
    stream = client_of(reader).chat.completions.create(
        model="plumbline", messages=asked(), stream=True
    )
    next(iter(stream))
    wait_until(lambda: Message.objects.filter(role="answer", state="writing").exists())
    stream.close()
    wait_until(lambda: Message.objects.filter(role="answer", state="stopped").exists())
