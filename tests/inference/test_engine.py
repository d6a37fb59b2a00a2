"""What is read out of a model server's metrics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from inference.engine import EngineReading, EngineSpeed, parse_engine, read_engine
from inference.errors import RequestRejected

RECORDED = (Path(__file__).parent / "recorded" / "vllm-0.32.0-metrics.txt").read_text("utf-8")
READING = EngineReading(1, 0, 0.5, 1000.0, 10.0, 20.0)


def test_a_real_vllm_is_understood() -> None:
    reading = parse_engine(RECORDED)
    assert (reading.running, reading.waiting, reading.generated_tokens) == (0, 0, 86.0)
    assert (reading.first_words, round(reading.first_words_s, 1)) == (4.0, 3.8)
    assert reading.prefix_asked == 958


def test_engines_of_one_server_are_added_and_the_fullest_counts() -> None:
    text = "\n".join(
        f'vllm:{name}{{engine="{engine}"}} {value}'
        for engine, values in enumerate([(1, 2, 0.1), (3, 4, 0.7)])
        for name, value in zip(
            ("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"),
            values,
            strict=True,
        )
    )
    reading = parse_engine(text + "\n")
    assert (reading.running, reading.waiting, reading.cache_use) == (4, 6, 0.7)


@pytest.mark.parametrize(
    "text",
    ["", "<html></html>", "{}", "process_open_fds 3\n", "vllm:num_requests_running NaN\n", '"\n{{{ 1\n',
     "vllm:num_requests_running{engine=\"0\" 1\n", "\0\0\0"],
)  # fmt: skip
def test_another_kind_of_server_is_told_apart(text: str) -> None:
    with pytest.raises(RequestRejected, match="/metrics"):
        parse_engine(text)


def test_an_endless_answer_is_cut_off() -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=(b"# x\n" * 65536 for _ in range(1000)))

    http = httpx.Client(base_url="http://model", transport=httpx.MockTransport(endless))
    with pytest.raises(RequestRejected):
        read_engine(http)


def test_its_token_is_sent() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer other"
        return httpx.Response(200, text=RECORDED)

    transport = httpx.MockTransport(respond)
    headers = {"authorization": "Bearer key"}
    with httpx.Client(base_url="http://model", transport=transport, headers=headers) as http:
        assert read_engine(http, "other").running == 0


def test_speed_is_a_difference() -> None:
    later = replace(READING, generated_tokens=1500.0, first_words=12.0, first_words_s=21.0)
    assert EngineSpeed.between(READING, later, 10.0) == EngineSpeed(50.0, 0.5)
    assert EngineSpeed.between(READING, READING, 10.0) == EngineSpeed(0.0, None)


def test_a_server_that_was_started_anew_has_no_speed_below_nothing() -> None:
    anew = replace(READING, generated_tokens=5.0, first_words=1.0, first_words_s=3.0)
    assert EngineSpeed.between(READING, anew, 10.0) == EngineSpeed(0.0, 3.0)
