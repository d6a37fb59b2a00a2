"""What is measured of one model, and what two such measurements come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a model read a held-out window: the losses in all, and the word it expected at each place."""

    loss: float  # of the tokens after the first, natural logarithms, summed
    expected: Tokens


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote after a prompt."""

    tokens: Tokens
    seconds: float = 0.0  # 0: written together with others


@dataclass(frozen=True, slots=True)
class Measured:
    """One model, measured."""

    readings: Mapping[str, Sequence[Reading]]  # by part: the company's own code, general code
    answers: Sequence[Tokens]  # to the same prompts, always the likeliest word
    passed: Mapping[str, bool]  # HumanEval's problems
    tokens_per_s: float  # of one answer
    weight_bytes: int  # of the files


@dataclass(frozen=True, slots=True)
class Bars:
    """How much may be lost. What lost more is not promoted."""

    perplexity_rise: float = 0.06  # a share, on the held-out code of each part
    expected_agreement: float = 0.90  # the least share of places where both expect the same word
    passed_loss: float = 0.05  # a share of HumanEval's problems, solved by chance either way


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure before and after."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before against after, and whether that is good enough."""

    perplexity: Mapping[str, Pair]
    expected_agreement: float
    answers: int
    answers_equal: int  # to the last word
    answer_agreement: float  # share of equal tokens, place by place
    first_difference: float | None  # median place among those that differ
    problems: int  # of HumanEval
    passed: Pair  # shares
    lost: Sequence[str]  # problems that only the original solves
    gained: Sequence[str]
    tokens_per_s: Pair
    weight_bytes: Pair
    bars: Bars
    how: str  # on what it was run, in words
    refused: Sequence[str] = field(default_factory=tuple)  # sentences; none: promoted

    @property
    def promoted(self) -> bool:
        return not self.refused


Told = dict[str, Any]
