"""What quantizing a model takes, reckoned from its shape before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from inference.quantization.recipe import Recipe
from inference.serving.memory import in_gib
from inference.serving.shape import Quantization, Shape

FLOAT, HALF = 4, 2
SQUARES = 4  # of the widest input: the Hessian, its inverse, its reordered copy, one for the loss
COPIES = (
    6  # of the largest matrix in 32-bit floats: before, after, errors, losses, integers, a block
)


@dataclass(frozen=True, slots=True)
class Plan:
    """All in bytes."""

    layer: int  # the weights of one layer, on the device
    solving: int  # of the largest matrix, on the device
    passing: int  # one window through one layer, on the device
    memory: int  # of the machine: what all windows are between two layers, in and out
    disk: int  # unfinished work and the result
    before: int  # the original, to compare
    after: int

    @property
    def device(self) -> int:
        return self.layer + self.solving + self.passing


def plan(shape: Shape, recipe: Recipe, *, on_card: bool) -> Plan:
    """Reckon a run. On a card a layer is held in 16-bit floats, on a processor in 32-bit ones."""
    width = HALF if on_card else FLOAT
    inputs = max(rows for rows, _ in shape.matrices)
    largest = max(rows * columns for rows, columns in shape.matrices)
    state = recipe.windows * recipe.window_tokens * shape.hidden * width
    after = replace(
        shape, quantization=Quantization(recipe.bits, recipe.group_size), dtype="float16"
    ).weight_bytes
    attention = shape.heads * recipe.window_tokens**2 * width
    wide = recipe.window_tokens * (2 * shape.intermediate + 6 * shape.hidden) * width
    tables = shape.vocabulary * shape.hidden * width  # that of the first layer's input
    return Plan(
        layer=sum(rows * columns for rows, columns in shape.matrices) * width + tables,
        solving=SQUARES * inputs**2 * FLOAT + COPIES * largest * FLOAT,
        passing=attention + wide,
        memory=2 * state,
        disk=2 * state + after,
        before=replace(shape, quantization=None).weight_bytes,
        after=after,
    )


def plan_lines(shape: Shape, recipe: Recipe, *, on_card: bool) -> Iterator[str]:
    """Yield a plan in words."""
    reckoned = plan(shape, recipe, on_card=on_card)
    order = (
        "the inputs that matter most first" if recipe.order == "static" else "inputs as they stand"
    )
    yield f"Model     {shape.name}: {shape.parameters / 1e9:.1f} billion parameters, {shape.layers} layers"
    yield f"Recipe    {recipe.engine}: {recipe.bits} bits, group {recipe.group_size}, {order}"
    yield f"Text      {recipe.windows} windows of {recipe.window_tokens} tokens"
    yield f"{'Card' if on_card else 'Processor':<10}{in_gib(reckoned.device)} at most (an estimate on the safe side)"
    yield f"  layer   {in_gib(reckoned.layer)}: one of them at a time, and the table of words"
    yield f"  solving {in_gib(reckoned.solving)}"
    yield f"  passing {in_gib(reckoned.passing)}"
    yield f"Memory    {in_gib(reckoned.memory)}: the windows between two layers"
    yield f"Disk      {in_gib(reckoned.disk)}: unfinished work and the result"
    yield f"Weights   {in_gib(reckoned.before)} before, {in_gib(reckoned.after)} after"
