"""LoRA adapters on a real vLLM: chosen by name, of effect, and nothing can be loaded while it runs.

PLUMBLINE_TEST_ADAPTER_URL names a server of the small model that serves `noise` already.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from inference.client import ChatClient
from inference.connection import open_http
from inference.errors import RequestRejected
from inference.protocol import ChatMessage, ChatRequest
from inference.serving.adapters import WEIGHTS
from inference.serving.profiles import get_profile
from tests.inference.serving.adapters import make_adapter, signed, small_shape
from tests.modelserver import running_small_model

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(3600)]

ASKED = ChatRequest((ChatMessage("user", "Name three fruits."),), max_tokens=12)


def make_noise(folder: Path) -> Path:
    """Make an adapter that changes what the model says, without having learned anything."""
    make_adapter(folder)
    chance, base = np.random.default_rng(0), small_shape()
    content, header = b"", {}
    for layer in range(base.layers):
        inside = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        for name, size in (("lora_A", (8, base.hidden)), ("lora_B", (base.hidden, 8))):
            numbers = chance.normal(0, 0.5, size).astype(np.float32).tobytes()
            header[f"{inside}.{name}.weight"] = {
                "dtype": "F32", "shape": size,
                "data_offsets": [len(content), len(content) + len(numbers)],
            }  # fmt: skip
            content += numbers
    told = json.dumps(header).encode()
    (folder / WEIGHTS).write_bytes(len(told).to_bytes(8, "little") + told + content)
    signed(folder)
    return folder


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    if url := os.environ.get("PLUMBLINE_TEST_ADAPTER_URL"):
        with open_http(url) as client:
            yield client
        return
    folder = make_noise(tmp_path_factory.mktemp("adapters") / "noise")
    log = tmp_path_factory.mktemp("vllm") / "log"
    with running_small_model(log, f"--adapter=noise={folder}") as url, open_http(url) as client:
        yield client


def test_an_adapter_answers_by_its_name_with_the_window_of_the_model(http: httpx.Client) -> None:
    client = ChatClient(http, None)
    profile = get_profile("cpu-small")
    assert client.model_name() == profile.served_name
    windows = {model.name: model.window_tokens for model in client.models()}
    assert windows == dict.fromkeys((profile.served_name, "noise"), profile.window_tokens)
    beside = client.of_model("noise")
    assert beside.count_tokens(ASKED.messages) == client.count_tokens(ASKED.messages)
    plain, noisy = client.complete(ASKED), beside.complete(ASKED)
    assert plain != noisy
    assert client.complete(ASKED) == plain  # the model itself is what it was


def test_another_name_is_nobody_and_none_can_be_loaded(http: httpx.Client) -> None:
    with pytest.raises(RequestRejected, match="404"):
        ChatClient(http, "other").complete(ASKED)
    loaded = http.post("/v1/load_lora_adapter", json={"lora_name": "x", "lora_path": "/srv/x"})
    assert loaded.status_code in {403, 404, 405}
