"""An engine without torch: its weights are hashes of what a layer was given, so that order and resuming show."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from inference.quantization.engines.protocol import Window


class FakeEngine:
    """Quantizes nothing; is killed before a layer where that is asked for."""

    name = "fake"

    def __init__(
        self, layers: int = 4, dies_at: int | None = None, dies_midway: bool = False
    ) -> None:
        self.layers = layers
        self.done: list[int] = []
        self._dies_at, self._dies_midway = dies_at, dies_midway

    def version(self) -> str:
        return "fake 1"

    def open(self, model: Path) -> FakeEngine:
        return self

    def first_inputs(self, windows: Sequence[Window], inputs: Path) -> None:
        inputs.write_text(json.dumps(windows))

    def quantize_layer(
        self, number: int, inputs: Path, outputs: Path, weights: Path
    ) -> Mapping[str, float]:
        digest = hashlib.sha256(inputs.read_bytes() + bytes([number])).hexdigest()
        if number == self._dies_at and self._dies_midway:
            weights.write_text("half of")
        if number == self._dies_at:
            raise KeyboardInterrupt
        weights.write_bytes(safetensors({f"layers.{number}.qweight": digest.encode()}))
        outputs.write_text(digest)
        self.done.append(number)
        return {"mlp": 0.01 * number}

    def write_rest(self, weights: Path) -> None:
        weights.write_bytes(safetensors({"embed": b"table"}))


def safetensors(tensors: Mapping[str, bytes]) -> bytes:
    """Return a safetensors file of bytes."""
    header: dict[str, object] = {}
    content = b""
    for name, value in tensors.items():
        header[name] = {
            "dtype": "U8",
            "shape": [len(value)],
            "data_offsets": [len(content), len(content) + len(value)],
        }
        content += value
    told = json.dumps(header).encode()
    return len(told).to_bytes(8, "little") + told + content
