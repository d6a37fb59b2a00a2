"""A model folder's tensors, read one by one: a file that is larger than the memory is no obstacle."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import safe_open

from inference.errors import QuantizationFailed

INDEX = "model.safetensors.index.json"


class Tensors:
    """The tensors of all safetensors files of a folder, by name."""

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob("*.safetensors"))
        if not files:
            raise QuantizationFailed(f"{folder} has no weights in safetensors")
        self._open = [safe_open(str(file), framework="pt") for file in files]
        self._file_of = {name: file for file in self._open for name in file.keys()}  # noqa: SIM118

    @property
    def names(self) -> list[str]:
        return sorted(self._file_of)

    def get(self, name: str) -> Any:
        try:
            return self._file_of[name].get_tensor(name)
        except KeyError as exc:
            raise QuantizationFailed(f"the weights have no {name}") from exc

    def below(self, prefix: str) -> Iterable[tuple[str, Any]]:
        """Yield the tensors whose names begin so, with the rest of their names."""
        for name in self.names:
            if name.startswith(prefix):
                yield name.removeprefix(prefix), self.get(name)


def read_config(folder: Path) -> dict[str, Any]:
    """Return `config.json` as the older transformers of this environment understand it.

    Newer ones write `dtype` and `rope_parameters`; older ones pass over both without a word and would
    turn the positions by the wrong angle.
    """
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    rope = config.pop("rope_parameters", None)
    if isinstance(rope, dict):
        config.setdefault("rope_theta", rope.get("rope_theta", 10000.0))
        if rope.get("rope_type", "default") != "default":
            config.setdefault("rope_scaling", rope)
    if "dtype" in config:
        config.setdefault("torch_dtype", config.pop("dtype"))
    # Only told by newer ones; older ones follow from the fields that stay.
    config.pop("layer_types", None)
    return config
