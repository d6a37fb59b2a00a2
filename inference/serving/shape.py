"""The shape of a model: how many bytes its weights and each token of its cache take.

Read from the `config.json` of a Hugging Face folder (Llama, Mistral, Qwen2 and their kin: decoders with
grouped-query attention and gated feed-forward layers).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from inference.errors import ServingFailed

SHAPES = Path(__file__).parent / "shapes"
BYTES_OF = {"float32": 4, "float16": 2, "bfloat16": 2}
LARGEST_CONFIG = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Quantization:
    """GPTQ's layout: packed integers, and for each group of inputs a scale and a zero point."""

    bits: int
    group_size: int  # inputs that share a scale; -1: all of a row

    def bytes_of(self, inputs: int, outputs: int) -> int:
        """Return the size of one matrix: weights, fp16 scales, packed zeros, int32 group indices."""
        groups = 1 if self.group_size < 0 else -(-inputs // self.group_size)
        weights = inputs * outputs * self.bits // 8
        scales = groups * outputs * 2
        zeros = groups * outputs * self.bits // 8
        return weights + scales + zeros + inputs * 4


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that memory and speed follow from."""

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_size: int
    intermediate: int
    vocabulary: int
    longest_window: int  # tokens that the model was made for
    tied: bool  # one table for the first and the last layer
    dtype: str
    quantization: Quantization | None = None

    @property
    def matrices(self) -> tuple[tuple[int, int], ...]:
        """Return inputs and outputs of the matrices of one layer."""
        attention, keys = self.heads * self.head_size, self.kv_heads * self.head_size
        return (
            (self.hidden, attention),
            (self.hidden, keys),
            (self.hidden, keys),
            (attention, self.hidden),
            (self.hidden, self.intermediate),
            (self.hidden, self.intermediate),
            (self.intermediate, self.hidden),
        )

    @property
    def parameters(self) -> int:
        in_layer = sum(inputs * outputs for inputs, outputs in self.matrices) + 2 * self.hidden
        tables = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return self.layers * in_layer + tables + self.hidden

    @property
    def weight_bytes(self) -> int:
        """Return the size of all weights as they are loaded: tables and norms stay unquantized."""
        width = BYTES_OF[self.dtype]
        tables = self.vocabulary * self.hidden * (1 if self.tied else 2) * width
        norms = (2 * self.layers + 1) * self.hidden * width
        return self.layers * self._layer_bytes(width) + tables + norms

    @property
    def read_bytes_per_token(self) -> int:
        """Return what one step of decoding reads: all weights but the table of the first layer."""
        width = BYTES_OF[self.dtype]
        return self.weight_bytes - (0 if self.tied else self.vocabulary * self.hidden * width)

    def _layer_bytes(self, width: int) -> int:
        if self.quantization is None:
            return sum(inputs * outputs for inputs, outputs in self.matrices) * width
        return sum(self.quantization.bytes_of(*matrix) for matrix in self.matrices)

    def kv_bytes_per_token(self, width: int) -> int:
        """Return the size of one token's keys and values in all layers; `width` bytes a number."""
        return 2 * self.layers * self.kv_heads * self.head_size * width


def shape_names() -> list[str]:
    """Return the shapes that ship, for plans and benchmarks without weights."""
    return sorted(path.name for path in SHAPES.iterdir() if path.is_dir())


def read_shape(folder: Path) -> Shape:
    """Read a model folder's `config.json`. Raises ServingFailed when it is not one that we know."""
    path = folder / "config.json"
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise ServingFailed(f"{path} is larger than a configuration can be")
        config = json.loads(path.read_text(encoding="utf-8"))
        return _shape(folder.name, config)
    except (OSError, ValueError, RecursionError) as exc:
        raise ServingFailed(f"{path} cannot be read: {exc}") from exc
    except (KeyError, TypeError, AttributeError) as exc:
        raise ServingFailed(f"{path} does not describe a decoder that we know: {exc}") from exc


def _shape(name: str, config: dict[str, object]) -> Shape:
    heads, hidden = _size(config, "num_attention_heads"), _size(config, "hidden_size")
    dtype = str(config.get("torch_dtype") or config.get("dtype") or "bfloat16")
    return Shape(
        name=name,
        layers=_size(config, "num_hidden_layers"),
        hidden=hidden,
        heads=heads,
        kv_heads=_size(config, "num_key_value_heads", heads),
        head_size=_size(config, "head_dim", hidden // heads),
        intermediate=_size(config, "intermediate_size"),
        vocabulary=_size(config, "vocab_size"),
        longest_window=_size(config, "max_position_embeddings"),
        tied=bool(config.get("tie_word_embeddings", False)),
        dtype=dtype if dtype in BYTES_OF else "bfloat16",
        quantization=_quantization(config.get("quantization_config")),
    )


def _size(config: dict[str, object], key: str, default: int | None = None) -> int:
    value = config.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise KeyError(f"{key} is {value!r}")
    return value


def _quantization(config: object) -> Quantization | None:
    if config is None:
        return None
    if not isinstance(config, dict) or config.get("quant_method") not in {"gptq", "gptq_marlin"}:
        raise KeyError("quantization_config is not GPTQ's")
    bits, group = config.get("bits"), config.get("group_size")
    if bits not in {2, 3, 4, 8} or not isinstance(group, int):
        raise KeyError(f"bits {bits!r}, group_size {group!r}")
    return Quantization(int(str(bits)), group)
