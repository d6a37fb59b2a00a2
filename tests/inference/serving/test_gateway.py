"""E08, E09, E10: what of a model server other hosts reach, and with which requests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from inference.client import ChatClient, EmbeddingClient, RerankClient
from inference.connection import Certificates, open_http
from inference.errors import ModelUnavailable, RequestRejected, ServingFailed
from inference.fake_server import FakeServer, serving
from inference.protocol import ChatEnd, ChatMessage, ChatRequest
from inference.serving.gatekeeping import SHORTEST_TOKEN, tls_options, token_of
from inference.serving.gateway import Gateway, application
from inference.testing import FAKE_MODEL, Mode, Script
from tests.certificates import Authority
from tests.gateways import METRICS_TOKEN, TOKEN, gateway_for
from tests.modelserver import free_port

SALT = "ab" * 32
ASKING = httpx.Client(trust_env=False, verify=False)  # noqa: S501 - http only; without a store of certificates it opens at once
REQUEST = ChatRequest(
    (ChatMessage("user", "hello there"),), max_tokens=20, cache_salt=SALT, choice=("yes", "no")
)
BODY: dict[str, Any] = {
    "model": FAKE_MODEL,
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 5,
    "temperature": 0.0,
    "stream": True,
    "stream_options": {"include_usage": True},
    "cache_salt": SALT,
}
# The paths of vLLM 0.32.0's API server, and those of its documents on security.
CLOSED = (
    "/tokenize/", "/detokenize", "/tokenizer_info", "/invocations", "/pooling", "/classify", "/score",
    "/v1/score", "/rerank", "/v1/rerank", "/v2/rerank", "/generative_scoring", "/pause", "/resume",
    "/is_paused", "/sleep", "/wake_up", "/scale_elastic_ep", "/is_scaling_elastic_ep",
    "/init_weight_transfer_engine", "/update_weights", "/get_world_size", "/collective_rpc",
    "/server_info", "/reset_prefix_cache", "/reset_mm_cache", "/reset_encoder_cache", "/load", "/version",
    "/ping", "/v1/completions", "/v1/responses", "/v1/messages", "/v1/embeddings",
    "/v1/audio/transcriptions", "/v1/load_lora_adapter", "/v1/unload_lora_adapter",
    "/v1/completions/render", "/v1/chat/completions/render", "/inference/v1/generate",
    "/inference/v1/abort_requests", "/docs", "/openapi.json", "/v1/chat/completions/batch",
    "/v1//chat/completions", "/v1/chat/completions/", "/%2e%2e/invocations",
)  # fmt: skip


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[FakeServer, str]]:
    with serving() as server, gateway_for(server.url) as url:
        yield server, url
    ASKING.close()


@pytest.fixture
def server(shared: tuple[FakeServer, str]) -> FakeServer:
    server, _ = shared
    server.model.received.clear()
    return server


@pytest.fixture
def url(shared: tuple[FakeServer, str]) -> str:
    return shared[1]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def post(url: str, path: str, body: object) -> httpx.Response:
    return ASKING.post(f"{url}{path}", json=body, headers=bearer(TOKEN))


def test_the_products_client_works_through_it(url: str, server: FakeServer) -> None:
    with open_http(url, api_key=TOKEN) as http:
        client = ChatClient(http, None)
        *deltas, end = client.stream(REQUEST)
        assert "".join(delta.text for delta in deltas if not isinstance(delta, ChatEnd)) == "yes"
        assert isinstance(end, ChatEnd)
        assert client.count_tokens(REQUEST.messages) == 6
        assert client.count_text_tokens("one two") == 2


def test_e08_no_other_path_reaches_the_server(url: str, server: FakeServer) -> None:
    for path in CLOSED:
        for method in ("GET", "POST", "PUT", "DELETE"):
            answer = ASKING.request(method, f"{url}{path}", json=BODY, headers=bearer(TOKEN))
            assert answer.status_code in {404, 405}, path
    assert server.model.received == []


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/tokenize", "/node"])
@pytest.mark.parametrize(
    "headers", [{}, bearer("x" * 40), bearer(METRICS_TOKEN), {"authorization": "Bearer"}]
)
def test_e08_without_the_token_nothing_is_answered(
    url: str, server: FakeServer, path: str, headers: dict[str, str]
) -> None:
    method = "GET" if path in {"/v1/models", "/node"} else "POST"
    answer = ASKING.request(method, f"{url}{path}", json=BODY, headers=headers)
    assert answer.status_code == 401
    assert server.model.received == []


def test_metrics_need_their_own_token(url: str) -> None:
    def status(token: str) -> int:
        return ASKING.get(f"{url}/metrics", headers=bearer(token)).status_code

    assert (status(METRICS_TOKEN), status(TOKEN)) == (200, 401)


@pytest.mark.parametrize(
    "added",
    [
        {"chat_template": "{{ 1 }}"}, {"chat_template_kwargs": {"a": 1}}, {"n": 16384}, {"best_of": 9},
        {"logprobs": True}, {"prompt_embeds": "AAAA"}, {"mm_processor_kwargs": {}},
        {"structured_outputs": {"regex": "(a+)+$"}}, {"guided_regex": "(a+)+$"},
        {"response_format": {"type": "json_object"}}, {"tools": []}, {"add_generation_prompt": False},
        {"max_tokens": 1_000_000_000}, {"max_tokens": 0}, {"max_tokens": "5"}, {"temperature": 1e9},
        {"cache_salt": "../../etc"}, {"cache_salt": SALT.upper()}, {"cache_salt": None},
        {"priority": -(10**9)}, {"stop": ["x"] * 1000}, {"stream_options": {"continuous_usage_stats": True}},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a"}}]}]},
        {"messages": [{"role": "tool", "content": "x"}]}, {"messages": []},
        {"messages": [{"role": "user", "content": "x", "name": "y"}]}, {"kv_transfer_params": {}},
        {"vllm_xargs": {}}, {"model": None},
    ],
    ids=lambda added: json.dumps(added)[:60],
)  # fmt: skip
def test_e09_other_fields_and_values_are_refused(
    url: str, server: FakeServer, added: dict[str, object]
) -> None:
    answer = post(url, "/v1/chat/completions", BODY | added)
    assert answer.status_code == 400
    assert "refused by the gateway" in answer.json()["error"]["message"]
    assert server.model.received == []


def test_e09_what_reaches_the_server_is_exactly_the_fixed_fields(
    url: str, server: FakeServer
) -> None:
    with open_http(url, api_key=TOKEN) as http:
        ChatClient(http, FAKE_MODEL).complete(REQUEST)
    [received] = server.model.received
    assert set(received) == {
        "path", "model", "messages", "max_tokens", "cache_salt", "temperature", "stream",
        "stream_options", "structured_outputs",
    }  # fmt: skip
    assert received["structured_outputs"] == {"choice": ["yes", "no"]}


def test_e10_a_chat_without_a_salt_is_refused(url: str, server: FakeServer) -> None:
    body = {name: value for name, value in BODY.items() if name != "cache_salt"}
    assert post(url, "/v1/chat/completions", body).status_code == 400
    assert server.model.received == []


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[" * 100_000, b"{", b"\xff\xfe", b'{"model": "\\ud800"}', b"[]"],
)
def test_what_is_not_json_is_refused(url: str, server: FakeServer, content: bytes) -> None:
    answer = ASKING.post(f"{url}/v1/chat/completions", content=content, headers=bearer(TOKEN))
    assert answer.status_code == 400
    assert server.model.received == []


def test_a_body_without_end_is_cut_off(url: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b" " * 100_000

    try:
        answer = ASKING.post(
            f"{url}/v1/chat/completions",
            content=endless(),
            headers=bearer(TOKEN),
            timeout=20,
        )
    except httpx.TransportError:
        return  # the gateway hung up before all was sent
    assert answer.status_code == 413


@pytest.mark.parametrize(("role", "path"), [("embed", "/v1/embeddings"), ("rerank", "/rerank")])
def test_each_role_has_its_own_path(server: FakeServer, role: str, path: str) -> None:
    with gateway_for(server.url, role=role) as url, open_http(url, api_key=TOKEN) as http:
        if role == "embed":
            assert len(EmbeddingClient(http, "any").embed(["one", "two"])) == 2
        else:
            assert len(RerankClient(http, "any", deadline_s=5).scores("one", ["one"])) == 1
        with pytest.raises(RequestRejected, match="404"):
            ChatClient(http, FAKE_MODEL).complete(REQUEST)
    assert {one["path"] for one in server.model.received} == {path}


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with gateway_for(f"http://127.0.0.1:{free_port()}") as url:
        assert ASKING.get(f"{url}/health").status_code == 502
        with open_http(url, api_key=TOKEN) as http, pytest.raises(ModelUnavailable, match="502"):
            ChatClient(http, FAKE_MODEL).complete(REQUEST)


def test_a_server_that_breaks_off_leaves_an_answer_without_end() -> None:
    script = Script(mode=Mode.CUT_SSE)
    with (
        serving(script) as server,
        gateway_for(server.url) as url,
        open_http(url, api_key=TOKEN) as http,
        pytest.raises(ModelUnavailable),
    ):
        ChatClient(http, FAKE_MODEL).complete(REQUEST)


def test_a_closed_stream_ends_the_request_to_the_server() -> None:
    script = Script(mode=Mode.SLOW, text="word " * 500, pause_s=0.02)
    with serving(script) as server, gateway_for(server.url) as url:
        with open_http(url, api_key=TOKEN) as http:
            stream = ChatClient(http, FAKE_MODEL).stream(
                ChatRequest(REQUEST.messages, max_tokens=500, cache_salt=SALT)
            )
            next(stream)
            stream.close()
        deadline = time.monotonic() + 5
        while not server.hang_ups and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.hang_ups == 1


def test_a_server_behind_a_unix_socket(server: FakeServer, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with gateway_for(server.url, uds=str(path)), gateway_for(f"unix:{path}") as url:
        assert ASKING.get(f"{url}/health").is_success


def test_between_hosts_both_sides_show_certificates(server: FakeServer, tmp_path: Path) -> None:
    ours, others = Authority(tmp_path, "ours"), Authority(tmp_path, "others")
    node, product, stranger = ours.issue("node"), ours.issue("product"), others.issue("stranger")
    tls = tls_options("127.0.0.1", node.certificate, node.key, ours.file)
    with gateway_for(server.url, tls=tls) as url:

        def complete(certificates: Certificates) -> str:
            with open_http(url, api_key=TOKEN, certificates=certificates) as http:
                return ChatClient(http, FAKE_MODEL).complete(REQUEST)

        assert complete(Certificates(ours.file, product.certificate, product.key)) == "yes"
        for refused in (
            Certificates(ours.file),  # nothing to show
            Certificates(ours.file, stranger.certificate, stranger.key),  # somebody else's
            Certificates(others.file, product.certificate, product.key),  # not the server we trust
            Certificates(None, product.certificate, product.key),
        ):
            with pytest.raises(ModelUnavailable):
                complete(refused)
    assert len(server.model.received) == 1


def test_a_certificate_that_cannot_be_used_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(ValueError, match=r"ca\.pem"):
        open_http("https://model", certificates=Certificates(tmp_path / "ca.pem"))


def test_beyond_this_machine_it_listens_with_certificates_only(tmp_path: Path) -> None:
    assert tls_options("127.0.0.1", None, None, None) == {}
    with pytest.raises(ServingFailed, match="--client-ca"):
        tls_options("0.0.0.0", None, None, None)  # noqa: S104 - it is refused
    with pytest.raises(ServingFailed, match="missing"):
        tls_options("10.0.0.1", tmp_path / "a", tmp_path / "b", tmp_path / "c")


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x" * (SHORTEST_TOKEN - 1) + "\n")
    with pytest.raises(ServingFailed, match="at least 32"):
        token_of(file)
    file.write_text(TOKEN + "\n")
    assert token_of(file) == TOKEN
    file.unlink()
    with pytest.raises(ServingFailed, match="cannot be read"):
        token_of(file)


def test_the_product_is_told_of_the_model_and_the_cards(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA L4, 18022, 23034'\necho 'Odd, [N/A], [N/A]'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with gateway_for(server.url, about={"name": "chat", "manifest_sha256": "ab"}) as url:
        answer = ASKING.get(f"{url}/node", headers=bearer(TOKEN))
    assert json.loads(answer.content) == {
        "name": "chat",
        "manifest_sha256": "ab",
        "cards": [{"name": "NVIDIA L4", "used_mib": 18022, "total_mib": 23034}],
    }


@pytest.mark.parametrize(
    "server", ["http://10.0.0.1:8101", "https://127.0.0.1:8101", "http://gpu1", "ftp://127.0.0.1"]
)
def test_the_server_behind_it_is_on_this_machine(server: str) -> None:
    with pytest.raises(ValueError, match="this machine alone"):
        application(Gateway("chat", server, TOKEN))


def test_only_the_model_and_its_adapters_are_asked(server: FakeServer) -> None:
    models = frozenset({FAKE_MODEL, "shop-style"})
    with gateway_for(server.url, models=models) as url:
        server.model.script = Script(adapters=("shop-style", "bank-style"))
        try:
            asked = {
                name: post(url, "/v1/chat/completions", {**BODY, "model": name}).status_code
                for name in (FAKE_MODEL, "shop-style", "bank-style", "../shop-style")
            }
            counted = post(url, "/tokenize", {"model": "bank-style", "prompt": "x"}).status_code
        finally:
            server.model.script = Script()
    assert asked == {FAKE_MODEL: 200, "shop-style": 200, "bank-style": 404, "../shop-style": 404}
    assert counted == 404
    assert {one["model"] for one in server.model.received} == {FAKE_MODEL, "shop-style"}
