"""From two measurements to a comparison, and what the bars say to it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

from inference.quantization.comparison.values import (
    Bars,
    Comparison,
    Measured,
    Pair,
    Reading,
    Tokens,
)

PARTS = {"own": "the company's own code", "general": "general code"}


def compare(before: Measured, after: Measured, *, bars: Bars, how: str) -> Comparison:
    """Compare two models that were measured on the same texts, prompts and problems."""
    differences = [
        first_difference(*pair) for pair in zip(before.answers, after.answers, strict=True)
    ]
    places = [place for place in differences if place is not None]
    problems = sorted(before.passed.keys() & after.passed.keys())
    comparison = Comparison(
        perplexity={
            part: Pair(perplexity(before.readings[part]), perplexity(after.readings[part]))
            for part in before.readings
        },
        expected_agreement=_expected_agreement(before, after),
        answers=len(differences),
        answers_equal=len(differences) - len(places),
        answer_agreement=_answer_agreement(before.answers, after.answers),
        first_difference=statistics.median(places) if places else None,
        problems=len(problems),
        passed=Pair(_share(before, problems), _share(after, problems)),
        lost=[name for name in problems if before.passed[name] and not after.passed[name]],
        gained=[name for name in problems if after.passed[name] and not before.passed[name]],
        tokens_per_s=Pair(before.tokens_per_s, after.tokens_per_s),
        weight_bytes=Pair(before.weight_bytes, after.weight_bytes),
        bars=bars,
        how=how,
    )
    return replace(comparison, refused=tuple(refusals(comparison)))


def refusals(comparison: Comparison) -> Iterator[str]:
    """Yield a sentence for each bar that the quantized model does not reach."""
    bars = comparison.bars
    for part, pair in comparison.perplexity.items():
        rise = pair.after / pair.before - 1
        # Not "more than": a model that counts to nothing at all must not pass.
        if not rise <= bars.perplexity_rise:
            yield (
                f"perplexity on {PARTS[part]} rose by {rise:.1%}; the bar is {bars.perplexity_rise:.1%}"
            )
    if not comparison.expected_agreement >= bars.expected_agreement:
        yield (
            f"both models expect the same word at {comparison.expected_agreement:.1%} of the places; "
            f"the bar is {bars.expected_agreement:.1%}"
        )
    loss = comparison.passed.before - comparison.passed.after
    if comparison.problems and not loss <= bars.passed_loss:
        yield (
            f"{loss:.1%} of HumanEval's problems fewer are solved; the bar is {bars.passed_loss:.1%}"
        )


def perplexity(readings: Sequence[Reading]) -> float:
    """Return e to the mean loss of a token; the lower, the less surprised the model was."""
    tokens = sum(len(reading.expected) for reading in readings)
    try:
        return math.exp(sum(reading.loss for reading in readings) / tokens)
    except OverflowError:
        return math.inf


def first_difference(before: Tokens, after: Tokens) -> int | None:
    """Return the first place at which two answers differ; None when they are equal."""
    for place, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return place
    return None if len(before) == len(after) else min(len(before), len(after))


def _answer_agreement(before: Sequence[Tokens], after: Sequence[Tokens]) -> float:
    equal = longest = 0
    for one, other in zip(before, after, strict=True):
        equal += sum(a == b for a, b in zip(one, other, strict=False))
        longest += max(len(one), len(other))
    return equal / longest if longest else 1.0


def _expected_agreement(before: Measured, after: Measured) -> float:
    equal = places = 0
    for part, readings in before.readings.items():
        for one, other in zip(readings, after.readings[part], strict=True):
            equal += sum(a == b for a, b in zip(one.expected, other.expected, strict=True))
            places += len(one.expected)
    return equal / places


def _share(measured: Measured, problems: Sequence[str]) -> float:
    return sum(measured.passed[name] for name in problems) / len(problems) if problems else 0.0
