"""How a model is quantized: the numbers that decide what comes out, and what a run is known by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from inference.errors import QuantizationFailed

BITS = {2, 4, 8}
ORDERS = ("static", "none")
FEWEST_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Recipe:
    """GPTQ's settings; two runs with equal recipes, models and calibration give equal weights."""

    engine: str = "auto-gptq"
    bits: int = 4
    group_size: int = 128  # inputs that share a scale
    # The inputs that matter most first, in groups that keep their places ("static"): vLLM no longer serves
    # groups of another order (desc_act), which is what auto-gptq makes without it.
    order: Literal["static", "none"] = "static"
    damp: float = 0.01  # of the mean of the Hessian's diagonal, added to it
    windows: int = 128  # of calibration text
    window_tokens: int = 2048

    def __post_init__(self) -> None:
        if self.bits not in BITS:
            raise QuantizationFailed(f"{self.bits} bits: there are {sorted(BITS)}")
        if self.order not in ORDERS:
            raise QuantizationFailed(f"no order {self.order!r}: there are {', '.join(ORDERS)}")
        if self.group_size < 8 or self.group_size % 8:
            raise QuantizationFailed(f"a group of {self.group_size}: take a multiple of 8")
        if self.windows < 1 or self.window_tokens < FEWEST_TOKENS:
            raise QuantizationFailed(
                f"at least 1 window of {FEWEST_TOKENS} tokens is needed for calibration"
            )
        if not 0 < self.damp < 1:
            raise QuantizationFailed(f"damp is a share, not {self.damp}")

    def as_config(self) -> dict[str, object]:
        """Return `quantization_config`, as vLLM, transformers and auto-gptq read it."""
        return {
            "quant_method": "gptq",
            "bits": self.bits,
            "group_size": self.group_size,
            "desc_act": False,
            "sym": True,
            "damp_percent": self.damp,
            "true_sequential": True,
            "static_groups": self.order == "static",
            "checkpoint_format": "gptq",
        }


def run_id(recipe: Recipe, model_sha256: str, calibration_sha256: str) -> str:
    """Return what a run is known by: unfinished work of another one must not be continued."""
    told = [asdict(recipe), model_sha256, calibration_sha256]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
