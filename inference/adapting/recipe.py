"""How an adapter is trained: the numbers that decide what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from inference.errors import AdapterFailed
from inference.serving.adapters import RANKS

# Every matrix of a layer: of them all vLLM serves the differences.
MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Recipe:
    rank: int = 8
    alpha: int = 16  # twice the rank: what PEFT's authors and most recipes take
    epochs: int = 2
    at_once: int = 8  # pairs a step
    learning_rate: float = 2e-4
    longest: int = 1024  # tokens of a pair; longer ones are left out
    most_pairs: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= RANKS[-1]:
            raise AdapterFailed(f"a rank of {self.rank}: take 1 to {RANKS[-1]}")
        if min(self.epochs, self.at_once, self.most_pairs) < 1 or self.longest < 16:
            raise AdapterFailed("at least one pair, one epoch and 16 tokens are needed")
        if not 0 < self.learning_rate < 1:
            raise AdapterFailed(f"the learning rate is a small share, not {self.learning_rate}")
