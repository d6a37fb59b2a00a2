"""Waiting for a model server that starts, never starts, or dies."""

from __future__ import annotations

import pytest

from inference.connection import open_http
from inference.errors import ModelUnavailable
from inference.fake_server import serving
from inference.serving.health import is_healthy, wait_until_healthy
from inference.testing import Mode, Script


def test_a_server_that_answers_is_healthy_at_once() -> None:
    with serving() as server, open_http(server.url) as http:
        assert is_healthy(http)
        assert wait_until_healthy(http, timeout_s=1) < 1


def test_a_server_with_an_error_is_not_healthy() -> None:
    with serving(Script(mode=Mode.HTTP500)) as server, open_http(server.url) as http:
        assert not is_healthy(http)


def test_waiting_ends_when_the_time_is_over() -> None:
    told: list[float] = []
    with open_http("http://127.0.0.1:9") as http, pytest.raises(ModelUnavailable, match="within"):
        wait_until_healthy(http, timeout_s=0.5, tell=told.append)
    assert told


def test_waiting_ends_when_the_process_does() -> None:
    with open_http("http://127.0.0.1:9") as http, pytest.raises(ModelUnavailable, match="ended"):
        wait_until_healthy(http, timeout_s=60, is_running=lambda: False)
