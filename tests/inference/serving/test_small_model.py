"""The small model on a real vLLM: it answers, counts, follows a grammar, and stops when told."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from inference.client import ChatClient
from inference.connection import open_http
from inference.errors import RequestRejected
from inference.grammars import opened_lines
from inference.protocol import ChatDelta, ChatEnd, ChatMessage, ChatRequest
from tests.waiting import wait_until

pytestmark = [pytest.mark.model, pytest.mark.timeout(1800)]

STORY = ChatRequest((ChatMessage("user", "Count from 1 to 2000, one number per line."),), 2000)


@pytest.fixture(scope="module")
def http(small_model_url: str) -> Iterator[httpx.Client]:
    with open_http(small_model_url) as client:
        yield client


@pytest.fixture
def client(http: httpx.Client) -> ChatClient:
    return ChatClient(http, None)


def test_it_answers_in_deltas_and_counts_the_tokens(client: ChatClient) -> None:
    messages = (ChatMessage("user", "What does `print(1 + 1)` print in Python? Be short."),)
    *deltas, end = client.stream(ChatRequest(messages, max_tokens=60))
    text = "".join(delta.text for delta in deltas if isinstance(delta, ChatDelta))
    assert "2" in text
    assert isinstance(end, ChatEnd)
    assert end.usage is not None
    assert end.usage.prompt_tokens == client.count_tokens(messages)
    assert client.count_text_tokens("def f(): pass") == 4


def test_it_tells_its_window(client: ChatClient) -> None:
    (served,) = client.models()
    assert served.window_tokens is not None
    assert served.window_tokens >= 4096


def test_a_prompt_beyond_the_window_is_rejected(client: ChatClient) -> None:
    with pytest.raises(RequestRejected):
        client.complete(ChatRequest((ChatMessage("user", "word " * 20_000),), max_tokens=5))


def test_a_grammar_decides_how_lines_begin(client: ChatClient) -> None:
    openings = ['`say "hi"` in a\\b.py [E3]', "`f` in grün.py [E7]"]
    question = ChatMessage("user", "Explain what a loop is in two lines.")
    request = ChatRequest((question,), max_tokens=60, grammar=opened_lines(openings, max_lines=2))
    lines = client.complete(request).split("\n")
    assert 1 <= len(lines) <= 2
    assert all(line.startswith(tuple(openings)) for line in lines)


def test_a_broken_grammar_is_rejected_and_the_server_lives_on(client: ChatClient) -> None:
    request = ChatRequest((ChatMessage("user", "x"),), max_tokens=5, grammar="root ::= (")
    with pytest.raises(RequestRejected):
        client.complete(request)
    assert client.complete(ChatRequest((ChatMessage("user", "Say hi"),), max_tokens=5))


def test_closing_a_stream_stops_the_generation(http: httpx.Client, client: ChatClient) -> None:
    stream = client.stream(STORY)
    for _ in range(3):
        next(stream)
    assert running_requests(http) == 1
    stream.close()
    wait_until(lambda: running_requests(http) == 0)
    # The counter may lag behind; whoever still wrote would not stand still for a second.
    wait_until(lambda: stands_still(http))
    assert generated_tokens(http) < 1000


def stands_still(http: httpx.Client) -> bool:
    written = generated_tokens(http)
    time.sleep(1)  # long enough for several tokens
    return generated_tokens(http) == written


def running_requests(http: httpx.Client) -> float:
    return metric(http, "vllm:num_requests_running")


def generated_tokens(http: httpx.Client) -> float:
    return metric(http, "vllm:generation_tokens_total")


def metric(http: httpx.Client, name: str) -> float:
    values = re.findall(rf"^{name}\{{.*\}} (\S+)$", http.get("/metrics").text, re.MULTILINE)
    return float(values[0])
