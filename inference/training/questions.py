"""Statements turned into questions, so that the words of questions come to weigh nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

from inference.training.pairs import Pair

SHARE = 0.5  # of the pairs, asked as a question; commit messages are asked as they are
OPENINGS = (
    "How do I",
    "How do we",
    "How does it",
    "How is it that we",
    "How can I",
    "How are things done to",
    "Where is it that we",
    "Where do I find what will",
    "Where does the code",
    "Why does it",
    "Why do we",
    "Why is there a need to",
    "What happens when I",
    "What would break if somebody",
    "What is the way to",
    "What does it take to",
    "What if we",
    "Which part will",
    "Which function should I use to",
    "When does it",
    "Who is allowed to",
    "Is there any way to",
    "Can you explain how to",
    "Does it",
)


def asked(pairs: Iterable[tuple[int, Pair]], *, seed: int) -> Iterator[tuple[int, Pair]]:
    """Yield the pairs, some of them with an opening in front of what they say."""
    chosen = random.Random(seed)  # noqa: S311 - a sample, no secret
    for source, pair in pairs:
        if pair.kind != "commit" and chosen.random() < SHARE:
            opening = chosen.choice(OPENINGS)
            said = pair.query[:1].lower() + pair.query[1:].rstrip(". ")
            pair = replace(pair, query=f"{opening} {said}?")
        yield source, pair
