"""Small folders that look like LoRA adapters, for tests that load none."""

from __future__ import annotations

import json
from pathlib import Path

from inference.serving.adapters import WEIGHTS
from inference.serving.manifest import ADAPTER_CONFIG, make_manifest, write_manifest
from inference.serving.shape import SHAPES, Shape, read_shape

SMALL = "qwen2.5-coder-0.5b"


def small_shape() -> Shape:
    return read_shape(SHAPES / SMALL)


def tensors_of(base: Shape, rank: int) -> dict[str, list[int]]:
    """Return the sizes of an adapter of the first layer's queries."""
    inside = "base_model.model.model.layers.0.self_attn.q_proj"
    inputs, outputs = base.matrices[0]
    return {
        f"{inside}.lora_A.weight": [rank, inputs],
        f"{inside}.lora_B.weight": [outputs, rank],
    }


def write_weights(file: Path, sizes: dict[str, list[int]]) -> None:
    """Write a safetensors file with a true header and nothing behind it."""
    told = {
        name: {"dtype": "F32", "shape": size, "data_offsets": [0, 0]}
        for name, size in sizes.items()
    }
    header = json.dumps(told).encode()
    file.write_bytes(len(header).to_bytes(8, "little") + header)


def make_adapter(
    folder: Path, rank: int = 8, learned_from: tuple[str, ...] = ("shop",), **changed: object
) -> Path:
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 16, "target_modules": ["q_proj"]}
    (folder / ADAPTER_CONFIG).write_text(json.dumps({**config, "bias": "none", **changed}))
    write_weights(folder / WEIGHTS, tensors_of(small_shape(), rank))
    signed(folder, learned_from)
    return folder


def signed(folder: Path, learned_from: tuple[str, ...] = ("shop",)) -> None:
    manifest = make_manifest(
        folder, name="a", licence="own", origin="a test", learned_from=learned_from
    )
    write_manifest(folder, manifest)
