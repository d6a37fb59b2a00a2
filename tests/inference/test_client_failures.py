"""What the client makes of servers that refuse, break off, hang or say nonsense."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from inference.client import ChatClient, EmbeddingClient
from inference.connection import open_http
from inference.errors import (
    InferenceError,
    ModelUnavailable,
    RequestRejected,
)
from inference.fake_server import serving
from inference.protocol import ChatDelta, ChatEnd, Usage
from inference.testing import FAKE_MODEL, FakeModel, Mode, Script, fake_http
from tests.inference.chats import REQUEST, answering, chat, say, streaming
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, ModelUnavailable),
        (503, ModelUnavailable),
        (429, ModelUnavailable),
        (408, ModelUnavailable),
        (400, RequestRejected),
        (401, RequestRejected),
        (404, RequestRejected),
        (302, RequestRejected),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda http: chat(http).complete(REQUEST),
        lambda http: chat(http).models(),
        lambda http: EmbeddingClient(http, "embedder").embed(["def f(): ..."]),
    ],
    ids=["chat", "models", "embeddings"],
)
def test_refusals_say_whether_retrying_helps(
    ask: Callable[[httpx.Client], object], status: int, error: type[InferenceError]
) -> None:
    with pytest.raises(error, match=f"HTTP {status}"):
        ask(answering(status, b'{"error": {"message": "no"}}'))


def test_the_servers_reason_is_shown_and_cut() -> None:
    refusal = json.dumps({"error": {"message": "prompt too long " + "x" * 5000}}).encode()
    with pytest.raises(RequestRejected, match="prompt too long") as caught:
        chat(answering(400, refusal)).complete(REQUEST)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError])
def test_every_failure_of_the_transport_is_unavailability(error: type[httpx.RequestError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("gone")

    http = httpx.Client(base_url="http://model", transport=httpx.MockTransport(fail))
    with pytest.raises(ModelUnavailable):
        chat(http).complete(REQUEST)
    with pytest.raises(ModelUnavailable):
        chat(http).models()


@pytest.mark.parametrize("mode", [Mode.CUT_SSE, Mode.HUGE, Mode.HTTP500])
def test_a_broken_stream_is_unavailability(mode: Mode) -> None:
    with pytest.raises(ModelUnavailable):
        chat(fake_http(FakeModel(Script(mode=mode)))).complete(REQUEST)


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    answer = chat(fake_http(FakeModel(Script(mode=Mode.BAD_UTF8)))).complete(REQUEST)
    assert answer.startswith("\N{REPLACEMENT CHARACTER}")


def test_text_that_a_database_cannot_hold_is_replaced() -> None:
    event = '{"choices": [{"delta": {"content": "a\\u0000b\\ud800c"}, "finish_reason": "stop"}]}'
    answer = chat(streaming(event)).complete(REQUEST)
    assert answer == "a\N{REPLACEMENT CHARACTER}b?c"


def test_a_stream_that_ends_early_is_not_an_answer() -> None:
    with pytest.raises(ModelUnavailable, match="cut off"):
        chat(streaming(say("half"))).complete(REQUEST)


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ({"error": {"message": "CUDA is full"}}, ModelUnavailable, "reports: CUDA is full"),
        ({"error": "overloaded"}, ModelUnavailable, "reports: overloaded"),
        ({"choices": [{"message": {"content": "x"}}]}, RequestRejected, "does not stream"),
        (["error"], ModelUnavailable, "not a chat completion"),
    ],
)
def test_a_success_that_is_no_stream_says_what_the_server_said(
    body: object, error: type[InferenceError], said: str
) -> None:
    http = httpx.Client(
        base_url="http://model",
        transport=httpx.MockTransport(lambda request: httpx.Response(200, json=body)),
    )
    with pytest.raises(error, match=said):
        list(ChatClient(http, "fake").stream(REQUEST))


def test_a_server_that_does_not_end_is_left_when_no_tokens_could_hold_so_much() -> None:
    request = replace(REQUEST, max_tokens=2)
    stream = chat(streaming(*[say("x" * 100)] * 50)).stream(request)
    assert [isinstance(next(stream), ChatDelta) for _ in range(2)] == [True, True]
    with pytest.raises(ModelUnavailable, match="far more"):
        next(stream)


def test_a_stream_without_the_done_mark_is_complete_when_it_gave_a_reason() -> None:
    *_, end = chat(streaming(say("whole"), say("", "length"))).stream(REQUEST)
    assert end == ChatEnd("length", None)


def test_usage_comes_behind_the_reason() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    *_, end = chat(streaming(say("a", "stop"), usage, "[DONE]")).stream(REQUEST)
    assert end == ChatEnd("stop", Usage(3, 1))


@pytest.mark.parametrize(
    "event",
    [
        "not json",
        "[]",
        '"text"',
        "null",
        "[" * 100_000,
        '{"error": "x"}',
        '{"error": {"code": 500}}',
    ],
)
def test_events_that_are_not_chunks_are_unavailability(event: str) -> None:
    with pytest.raises(ModelUnavailable):
        chat(streaming(event)).complete(REQUEST)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": ["x"]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": 7}}]},
        {"choices": [{"delta": {"content": None}, "finish_reason": 3}]},
        {"usage": "many", "choices": {}},
        {"usage": {"prompt_tokens": "x"}},
    ],
)
def test_chunks_of_an_odd_shape_are_passed_over(event: dict[str, object]) -> None:
    assert chat(streaming(event, say("a", "stop"))).complete(REQUEST) == "a"


def test_an_error_inside_the_stream_says_whether_retrying_helps() -> None:
    with pytest.raises(RequestRejected, match="bad grammar"):
        chat(streaming({"error": {"message": "bad grammar", "code": 400}})).complete(REQUEST)


def test_closing_hangs_up_at_once() -> None:
    with (
        serving(Script(mode=Mode.SLOW, text="word " * 1000)) as server,
        open_http(server.url) as http,
    ):
        stream = chat(http).stream(REQUEST)
        next(stream)
        stream.close()
        assert list(stream) == []
        wait_until(lambda: server.hang_ups == 1)


def test_another_thread_can_stop_a_stream_that_waits() -> None:
    with serving(Script(mode=Mode.HANG)) as server, open_http(server.url) as http:
        stream = chat(http).stream(REQUEST)
        got: list[object] = []
        reader = threading.Thread(target=lambda: got.extend(stream))
        reader.start()
        wait_until(lambda: bool(server.model.received))
        time.sleep(0.05)  # let the reader get into the socket
        stream.close()
        reader.join(timeout=5)
        assert not reader.is_alive()
        assert got == []


def test_a_server_that_hangs_is_unavailable_after_the_read_timeout() -> None:
    with (
        serving(Script(mode=Mode.HANG)) as server,
        open_http(server.url, read_timeout_s=0.1) as http,
        pytest.raises(ModelUnavailable, match="in time"),
    ):
        chat(http).complete(REQUEST)


def test_an_answer_may_not_take_longer_than_the_deadline() -> None:
    script = Script(mode=Mode.SLOW, text="word " * 1000, pause_s=0.1)
    with serving(script) as server, open_http(server.url) as http:
        client = ChatClient(http, FAKE_MODEL, deadline_s=0.1)
        started = time.monotonic()
        with pytest.raises(ModelUnavailable, match="longer than it may"):
            client.complete(REQUEST)
        assert time.monotonic() - started < 20


def test_nobody_listening_is_unavailability() -> None:
    with open_http("http://127.0.0.1:9") as http, pytest.raises(ModelUnavailable):
        chat(http).models()
