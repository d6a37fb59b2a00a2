"""What was said before a question, as far as its prompt may use it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EarlierTurn:
    """An earlier question of the branch with its answer, and a note of what they came to."""

    question: str
    answer: str
    note: str = ""
    number: int = 0  # of its question on the branch, from 1
    message_id: str = ""  # of the answer


@dataclass(frozen=True, slots=True)
class Pinned:
    """A message that the reader wants in every prompt."""

    role: str  # question, answer
    text: str
    number: int = 0
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the conversation before it, oldest first."""

    text: str
    turns: tuple[EarlierTurn, ...] = ()
    pinned: tuple[Pinned, ...] = ()
    # A small model copies an earlier answer that it sees: it gets the earlier question alone.
    before: EarlierTurn | None = None
