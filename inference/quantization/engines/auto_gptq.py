"""auto-gptq as an engine: its solver and its knowledge of architectures, driven one layer at a time.

auto-gptq's own `quantize` keeps the whole model in memory, refuses to start without CUDA and cannot go on
after it was killed. What it knows (GPTQ itself, and which matrices of a layer see the same input) is used as
it is; docs/decisions says why. Imported only inside the environment of quantization.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from inference.errors import QuantizationFailed
from inference.quantization.engines.layered import LayeredModel, Structure
from inference.quantization.engines.packing import Solved
from inference.quantization.recipe import Recipe

LOOKED_AT = 64  # outputs of a matrix from which its loss is told


class AutoGPTQ:
    """GPTQ as auto-gptq solves it."""

    name = "auto-gptq"

    def __init__(self, recipe: Recipe, device: str) -> None:
        self._recipe = recipe
        self._device = torch.device(device)
        logging.getLogger("auto_gptq").setLevel(logging.ERROR)  # it misses CUDA, aloud
        if self._device.type == "cpu":
            # The solver waits for CUDA in any case; without a card there is nothing to wait for.
            torch.cuda.synchronize = lambda *_: None

    def version(self) -> str:
        return f"{self.name} {version('auto-gptq')}, torch {version('torch')}"

    def open(self, model: Path) -> LayeredModel:
        """Open a model. Raises QuantizationFailed for an architecture that auto-gptq does not know."""
        return LayeredModel(
            model,
            structure_of,
            lambda matrix: Solver(matrix, self._recipe),
            device=self._device,
            bits=self._recipe.bits,
        )


class Solver:
    """One matrix: sees what goes in, then chooses the integers that change least of what comes out."""

    def __init__(self, linear: Any, recipe: Recipe) -> None:
        from auto_gptq.quantization import GPTQ  # seconds, and only needed here

        self._linear, self._recipe = linear, recipe
        self._gptq = GPTQ(linear)
        self._gptq.quantizer.configure(recipe.bits, perchannel=True, sym=True, mse=False)

    def see(self, inputs: Any) -> None:
        self._gptq.add_batch(inputs, None)

    def solve(self) -> Solved:
        """Return the integers, and the share of the output's energy that is lost."""
        before = self._linear.weight.data.float().clone()
        hessian = self._gptq.H.clone()  # the solver uses its own up
        scale, zero, group_of = self._gptq.fasterquant(
            percdamp=self._recipe.damp,
            group_size=self._recipe.group_size,
            actorder=self._recipe.order == "static",
            static_groups=self._recipe.order == "static",
        )
        self._gptq.free()
        # Scales are stored in 16 bits: what follows must see the weights as they will be served.
        scale = scale.half().float()
        group_of = group_of.long()
        whole = (
            torch.round(self._linear.weight.data.float() / scale[:, group_of]) + zero[:, group_of]
        )
        whole = whole.clamp(0, 2**self._recipe.bits - 1)
        after = (whole - zero[:, group_of]) * scale[:, group_of]
        self._linear.weight.data = after.to(self._linear.weight.dtype)
        some = slice(None, None, -(-len(before) // LOOKED_AT))
        lost = _energy((before - after)[some], hessian) / max(_energy(before[some], hessian), 1e-30)
        return Solved(whole.int(), scale, zero.int(), group_of.int(), lost)


def _energy(weights: Any, hessian: Any) -> float:
    return float(((weights @ hessian) * weights).sum())


def structure_of(model_type: str) -> Structure:
    """Return how auto-gptq takes an architecture apart."""
    from auto_gptq.modeling.auto import GPTQ_CAUSAL_LM_MODEL_MAP as KNOWN  # seconds

    known = KNOWN.get(model_type)
    if known is None:
        raise QuantizationFailed(
            f"auto-gptq does not know the architecture {model_type!r}; it knows {', '.join(sorted(KNOWN))}"
        )
    return Structure(
        known.layers_block_name,
        tuple(known.outside_layer_modules),
        tuple(map(tuple, known.inside_layer_modules)),
    )
