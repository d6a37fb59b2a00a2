"""The benchmarks of a model server, run against a fake one: their figures are what happened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from inference.bench import load
from inference.bench.dummy import make_dummy
from inference.bench.plots import line_plot
from inference.client import ChatClient
from inference.connection import open_http
from inference.errors import ModelUnavailable
from inference.fake_server import serving
from inference.serving.shape import read_shape
from inference.testing import FakeModel, Mode, Script, fake_http


def client(script: Script) -> ChatClient:
    return ChatClient(fake_http(FakeModel(script)), None)


def test_all_streams_are_counted() -> None:
    done = load.measure(
        client(Script(text="one two three four")),
        4,
        prompt_tokens=50,
        answer_tokens=9,
        task="story",
    )
    assert (done.streams, done.failed) == (4, 0)
    assert done.first_p95_s >= done.first_p50_s >= 0
    assert done.tokens_per_s > 0
    assert done.prompt_tokens >= 50


def test_what_is_slow_is_seen_in_the_pauses() -> None:
    script = Script(text="one two three four five", mode=Mode.SLOW, pause_s=0.05)
    with serving(script) as server, open_http(server.url) as http:
        done = load.measure(
            ChatClient(http, None), 2, prompt_tokens=20, answer_tokens=9, task="quote"
        )
    assert 40 < done.pause_p50_ms < 200
    assert done.tokens_per_s_each < 30


def test_a_server_that_answers_none_is_an_error() -> None:
    with pytest.raises(ModelUnavailable, match=r"none of 3 streams was answered: .+"):
        load.measure(
            client(Script(mode=Mode.CUT_SSE)), 3, prompt_tokens=20, answer_tokens=9, task="story"
        )


def test_the_command_prints_the_limit_and_a_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "load.svg"
    with serving(Script(text="one two three")) as server:
        load.main(
            [
                server.url, "--streams", "1,2", "--prompt-tokens", "20", "--shape",
                "codellama-34b-gptq", "--bandwidth", "3350", "--plot", str(plot),
            ]
        )  # fmt: skip
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [one["streams"] for one in told["loads"]] == [1, 2]
    assert told["limit_tokens_per_s"] == pytest.approx(188.4, abs=0.5)  # 3,350 GB/s over 17.8 GB
    assert told["limit_reached"] > 0
    assert plot.read_text().count("<circle") == 4  # two lines of two points


def test_a_plot_without_points_is_a_plot() -> None:
    drawn = line_plot("<none>", [("x", [])])
    assert drawn.startswith("<svg ")
    assert "&lt;none&gt;" in drawn


def test_a_dummy_has_the_sizes_of_the_real_model(tmp_path: Path) -> None:
    folder = make_dummy("codellama-34b-gptq", tmp_path / "dummy")
    shape = read_shape(folder)
    assert shape.parameters == 33_743_970_304
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    assert len(vocabulary) == shape.vocabulary
    assert sorted(vocabulary.values()) == list(range(shape.vocabulary))


def test_a_dummy_reads_a_word_as_one_token_and_names_what_is_in_four_bits(tmp_path: Path) -> None:
    """Its first form cut `w1` out of `w1000`; without the list vLLM fills 16 bits instead of 4."""
    folder = make_dummy("codellama-34b-gptq", tmp_path / "dummy")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("w1000 w1 w31999").ids == [1000, 0, 31999]
    assert max(map(len, tokenizer.get_vocab())) > len("w31999 ")
    config = json.loads((folder / "config.json").read_text())
    quantized = config["quantization_config"]["modules_in_block_to_quantize"]
    assert sorted(name for group in quantized for name in group) == [
        "mlp.down_proj", "mlp.gate_proj", "mlp.up_proj",
        "self_attn.k_proj", "self_attn.o_proj", "self_attn.q_proj", "self_attn.v_proj",
    ]  # fmt: skip
    plain = json.loads((make_dummy("llama-small", tmp_path / "small") / "config.json").read_text())
    assert "quantization_config" not in plain
