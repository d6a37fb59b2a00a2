"""Sizes of models, compared with what is known of them from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.errors import ServingFailed
from inference.serving.shape import SHAPES, Quantization, read_shape, shape_names
from tests.inference.serving.models import make_model


def test_the_34b_shape_has_the_sizes_that_its_family_is_known_by() -> None:
    shape = read_shape(SHAPES / "codellama-34b-gptq")
    assert shape.parameters == 33_743_970_304  # as the safetensors index of CodeLlama-34b says
    assert 18.0e9 < shape.weight_bytes < 18.6e9
    assert shape.kv_bytes_per_token(2) == 192 * 1024
    assert shape.kv_bytes_per_token(1) == 96 * 1024


def test_the_small_model_s_size_is_that_of_its_file() -> None:
    # 1,260,367,448 bytes; the biases of queries, keys and values, and the header, are not reckoned.
    assert read_shape(SHAPES / "qwen2.5-coder-0.5b").weight_bytes == pytest.approx(
        1_260_367_448, rel=2e-4
    )


def test_a_table_that_is_used_twice_counts_once(tmp_path: Path) -> None:
    once = read_shape(make_model(tmp_path / "a", "qwen3-0.6b"))
    twice = read_shape(make_model(tmp_path / "b", "qwen3-0.6b", tie_word_embeddings=False))
    assert twice.weight_bytes - once.weight_bytes == once.vocabulary * once.hidden * 2


def test_gptq_s_layout_of_one_matrix() -> None:
    # 8192 x 1024 in 4 bits: 4 MiB packed, 64 groups of fp16 scales and 4-bit zeros, int32 indices.
    assert Quantization(4, 128).bytes_of(8192, 1024) == (
        8192 * 1024 // 2 + 64 * 1024 * 2 + 64 * 1024 // 2 + 8192 * 4
    )
    assert Quantization(4, -1).bytes_of(128, 128) == 128 * 128 // 2 + 128 * 2 + 128 // 2 + 128 * 4


@pytest.mark.parametrize(
    "changed",
    [
        {"hidden_size": 0},
        {"hidden_size": -5},
        {"hidden_size": "8192"},
        {"num_hidden_layers": None},
        {"num_attention_heads": True},
        {"vocab_size": 3.5},
        {"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}},
        {"quantization_config": {"quant_method": "gptq", "bits": 5, "group_size": 128}},
        {"quantization_config": "gptq"},
    ],
)
def test_a_configuration_that_is_none_gets_a_sentence(
    changed: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(ServingFailed, match=r"config\.json does not describe a decoder"):
        read_shape(make_model(tmp_path / "model", "codellama-34b-gptq", **changed))


@pytest.mark.parametrize("content", ["", "[1]", "null", "{", "[" * 100_000, " " * 2_000_000])
def test_a_file_that_is_no_configuration_gets_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ServingFailed, match=r"config\.json"):
        read_shape(tmp_path)


def test_every_shape_that_ships_is_read() -> None:
    assert [read_shape(SHAPES / name).name for name in shape_names()] == shape_names()
