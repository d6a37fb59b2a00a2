"""The ways in which a question can be answered, and what people choose among."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    ANSWER = "answer"  # one search, then words: fast
    PAIR = "pair"  # several steps of searching and reading, then words
    FIX = "fix"  # what is broken is found in the code; a patch that is checked


AUTO = "auto"  # the question chooses


@dataclass(frozen=True, slots=True)
class Choice:
    """A mode as the picker offers it."""

    value: str
    label: str
    help: str


CHOICES = (
    Choice(AUTO, "Auto", "The question decides which of these suits it."),
    Choice(Mode.ANSWER, "Answer", "One search, then an answer. Fast."),
    Choice(Mode.PAIR, "Pair", "Searches, reads and follows names in several steps first."),
    Choice(Mode.FIX, "Fix", "Finds what you pasted in the code and proposes a checked patch."),
)


def choices(modes: Iterable[Mode]) -> tuple[Choice, ...]:
    """Return what can be chosen when questions can be answered in these modes."""
    offered = {AUTO, *modes}
    return tuple(choice for choice in CHOICES if choice.value in offered)
