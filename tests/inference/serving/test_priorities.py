"""Fairness on a real vLLM: what nobody waits for stands behind what a person waits for."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from inference.client import ChatClient
from inference.connection import open_http
from inference.protocol import ChatMessage, ChatRequest
from inference.serving.profiles import get_profile

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

BATCH = 10  # as appliance.conversations.waiting gives to notes and evaluations
AT_ONCE = get_profile("cpu-small").max_sequences
# Batch requests that find no place. All places can come free in one step of the model, so the batch
# begins in three waves; in order of arrival the person would be the fourth.
LATE = 2 * AT_ONCE


@pytest.fixture(scope="module")
def http(small_model_url: str) -> Iterator[httpx.Client]:
    with open_http(small_model_url) as client:
        yield client


def first_word(client: ChatClient, text: str, tokens: int) -> tuple[float, float]:
    """Return when an answer began and when it ended."""
    request = ChatRequest((ChatMessage("user", text),), max_tokens=tokens)
    stream = client.stream(request)
    next(stream)
    begun = time.monotonic()
    for _ in stream:
        pass
    return begun, time.monotonic()


def waiting(http: httpx.Client) -> float:
    found = re.findall(r"^vllm:num_requests_waiting\{.*\} (\S+)$", http.get("/metrics").text, re.M)
    return float(found[0]) if found else 0.0  # nothing is counted before the first request


def test_a_batch_request_yields_to_a_person(http: httpx.Client) -> None:
    client = ChatClient(http, None, has_priorities=True)
    client.model_name()
    behind = client.at_priority(BATCH)
    with ThreadPoolExecutor(AT_ONCE + LATE + 1) as pool:
        batch = [
            pool.submit(first_word, behind, f"Count from {number} to 900.", 32)
            for number in range(AT_ONCE + LATE)
        ]
        deadline = time.monotonic() + 300
        while waiting(http) < LATE:
            assert time.monotonic() < deadline, "the batch requests fill no queue"
            assert not all(one.done() for one in batch), "the batch was over before it filled"
            time.sleep(0.02)
        person = pool.submit(first_word, client, "Say yes.", 2)
        begun = sorted(one.result()[0] for one in batch)
        mine, _ = person.result()
    # Before the third wave: that is a whole answer's time before the fourth.
    assert begun[0] < mine < begun[2 * AT_ONCE]
