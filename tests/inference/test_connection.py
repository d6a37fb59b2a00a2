"""Opening a connection: which addresses are accepted and what is never taken from outside."""

from __future__ import annotations

import httpx
import pytest

from inference.connection import MAX_BODY_BYTES, fetch_json, open_http
from inference.errors import RequestRejected


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://model:8000", "http://model:8000/v1/models"),
        ("http://model:8000/", "http://model:8000/v1/models"),
        ("http://model:8000/v1", "http://model:8000/v1/models"),
        ("http://model:8000/v1/", "http://model:8000/v1/models"),
        ("https://proxy/team/v1", "https://proxy/team/v1/models"),
    ],
)
def test_the_address_may_end_in_v1_or_not(given: str, asked: str) -> None:
    with open_http(given) as http:
        assert str(http.build_request("GET", "/v1/models").url) == asked


@pytest.mark.parametrize(
    "address",
    ["", "model:8000", "ftp://model", "file:///etc/passwd", "http://", "http://u:p@model",
     "http://model/?a=b", "http://model/#a"],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        open_http(address)


def test_the_key_is_sent_as_a_bearer_token() -> None:
    with open_http("http://model", api_key="k") as http:
        assert http.headers["authorization"] == "Bearer k"


def test_proxies_and_passwords_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://elsewhere:1")
    monkeypatch.setenv("ALL_PROXY", "http://elsewhere:1")
    with open_http("http://model") as http:
        assert not http.trust_env
        assert not any(http._mounts.values())


def test_an_answer_beyond_the_limit_is_rejected() -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, content=(b"x" * 2**20 for _ in range(2 * MAX_BODY_BYTES // 2**20))
        )

    http = httpx.Client(base_url="http://model", transport=httpx.MockTransport(endless))
    with pytest.raises(RequestRejected, match="larger"):
        fetch_json(http, "GET", "/v1/models")


def test_answers_are_not_compressed() -> None:
    """A compressed stream comes in lumps: words would wait for each other."""
    with open_http("http://model") as http:
        assert http.headers["accept-encoding"] == "identity"
