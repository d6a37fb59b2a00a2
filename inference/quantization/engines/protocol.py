"""What quantizes one layer after the other: the interface of all engines.

The loop (`running.py`) knows files and order, the engine knows tensors. What travels between two layers is
a file, so that a run that was killed goes on with the layer after the last finished one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

Window = tuple[int, ...]  # tokens of calibration text, all windows of one length


class Opened(Protocol):
    """A model that was opened for quantization; of its layers at most one is in memory."""

    @property
    def layers(self) -> int: ...

    def first_inputs(self, windows: Sequence[Window], inputs: Path) -> None:
        """Write what the first layer is given for each window."""

    def quantize_layer(
        self, number: int, inputs: Path, outputs: Path, weights: Path
    ) -> Mapping[str, float]:
        """Quantize a layer, write what it gives to the next one and its weights.

        Returns the loss of each of its matrices. Equal inputs give equal files.
        """

    def write_rest(self, weights: Path) -> None:
        """Write what is not quantized: the tables, the last norm."""


class Engine(Protocol):
    """A library that quantizes."""

    name: str

    def version(self) -> str: ...

    def open(self, model: Path) -> Opened:
        """Open a model folder. Raises QuantizationFailed for an architecture that it does not know."""
