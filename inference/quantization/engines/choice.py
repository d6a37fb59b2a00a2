"""Which engine quantizes, and on what; imported only inside the environment of quantization."""

from __future__ import annotations

import torch

from inference.errors import QuantizationFailed
from inference.quantization.engines.auto_gptq import AutoGPTQ
from inference.quantization.engines.protocol import Engine
from inference.quantization.recipe import Recipe

ENGINES = {AutoGPTQ.name: AutoGPTQ}


def engine_named(recipe: Recipe, device: str) -> Engine:
    """Return the recipe's engine. Raises QuantizationFailed when there is none such, or no card."""
    if recipe.engine not in ENGINES:
        raise QuantizationFailed(f"no engine {recipe.engine!r}: there is {', '.join(ENGINES)}")
    return ENGINES[recipe.engine](recipe, device_named(device))


def device_named(device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise QuantizationFailed(
            "torch sees no card here: take --device cpu, or look at nvidia-smi"
        )
    return device
