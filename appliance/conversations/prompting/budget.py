"""What one request to the served model may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checking:
    """What the model is asked about its own answer once that is written; 0: nothing."""

    doubts: int = 0  # doubtful sentences that it decides over
    repair_s: float = 0.0  # for writing an answer again without names that occur nowhere


@dataclass(frozen=True, slots=True)
class Budget:
    """What one request to the served model may take, and how its answer is held."""

    window_tokens: int  # prompt and answer together, as the server is started
    prompt_tokens: int  # what a prompt may take of it
    answer_tokens: int
    opened_lines: bool = False  # a grammar makes each line begin with a piece of evidence
    fenced_handles: bool = False  # handles that were not offered cannot be generated
    checking: Checking = Checking()

    @property
    def available(self) -> int:
        return min(self.prompt_tokens, self.window_tokens - self.answer_tokens)
