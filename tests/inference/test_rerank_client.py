"""The reranking client against servers that behave and servers that do not."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from inference.client import RerankClient
from inference.connection import open_http
from inference.errors import InferenceError, ModelUnavailable, RequestRejected
from inference.fake_server import serving
from inference.testing import FakeModel, Mode, Script, fake_http

TEXTS = ["nothing of it", "a gauge is read", "the gauge retries"]


def client(http: httpx.Client) -> RerankClient:
    return RerankClient(http, "cross", deadline_s=0.3)


def answering(content: object) -> httpx.Client:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    return httpx.Client(base_url="http://model", transport=transport)


def test_scores_come_in_the_order_of_the_texts() -> None:
    model = FakeModel()
    assert client(fake_http(model)).scores("gauge retries", TEXTS) == [0.0, 0.5, 1.0]
    assert model.received == [
        {
            "path": "/rerank",
            "model": "cross",
            "query": "gauge retries",
            "documents": TEXTS,
            "truncate_prompt_tokens": -1,
        }
    ]


def test_without_texts_nobody_is_asked() -> None:
    model = FakeModel()
    assert client(fake_http(model)).scores("gauge", []) == []
    assert model.received == []


@pytest.mark.parametrize(
    "answer",
    [
        b"no JSON",
        [],
        {},
        {"results": None},
        {"results": []},
        {"results": [{"index": 0, "relevance_score": 1.0}]},
        {"results": [{"index": n, "relevance_score": "?"} for n in range(3)]},
        {"results": [{"index": 0, "relevance_score": 1.0}] * 3},
        {"results": [{"index": n + 1, "relevance_score": 1.0} for n in range(3)]},
        {"results": [{"index": n, "relevance_score": 1.0} for n in range(4)]},
        {"results": [{"index": n, "relevance_score": float("nan")} for n in range(3)]},
        {"results": [{"index": n, "score": 1.0} for n in range(3)]},
    ],
    ids=str,
)
def test_anything_but_one_score_for_each_text_is_rejected(answer: object) -> None:
    with pytest.raises(RequestRejected):
        client(answering(answer)).scores("gauge", TEXTS)


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.SLOW], ids=str)
def test_a_server_that_takes_too_long_is_left(mode: Mode) -> None:
    with serving(Script(mode=mode)) as server:
        http = open_http(server.url, connect_timeout_s=0.3, read_timeout_s=0.3)
        started = time.monotonic()
        with http, pytest.raises(ModelUnavailable, match="no answer in time"):
            client(http).scores("gauge", TEXTS)
        # Well below the minutes for which the server would go on.
        assert time.monotonic() - started < 20


@pytest.mark.parametrize("mode", [Mode.HTTP500, Mode.CUT_SSE, Mode.HUGE, Mode.BAD_UTF8], ids=str)
def test_a_server_that_fails_is_an_error_of_ours(mode: Mode) -> None:
    with pytest.raises(InferenceError):
        client(fake_http(FakeModel(Script(mode=mode)))).scores("gauge", TEXTS)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    http = open_http("http://127.0.0.1:9", connect_timeout_s=1)
    with http, pytest.raises(ModelUnavailable):
        client(http).scores("gauge", TEXTS)
