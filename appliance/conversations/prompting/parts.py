"""What a prompt is made of, piece by piece: what is in, what is not, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class PartKind(StrEnum):
    """In the order of the prompt. What yields first when room is short: packing.pack."""

    INSTRUCTIONS = "instructions"  # the fixed text before and after, and the chat template
    TURN = "turn"  # an earlier question with its answer, verbatim
    EVIDENCE = "evidence"
    NOTE = "note"  # what an earlier turn came to
    PINNED = "pinned"
    BEFORE = "before"  # the earlier question alone
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a prompt, or one that was left out of it. Texts stay where they are stored."""

    kind: PartKind
    tokens: int
    why: str  # a sentence for the reader
    is_in: bool = True
    number: int = 0  # of an earlier turn or pinned message
    message_id: str = ""
    handle: str = ""  # of evidence: its link to the message says what lines it is

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Part:
        return cls(**{**stored, "kind": PartKind(stored["kind"])})


def recalled_in(prompt: Mapping[str, Any]) -> list[str]:
    """Return the ids of the earlier messages that a stored prompt recalls, in whatever form."""
    return [part["message_id"] for part in prompt["parts"] if part["is_in"] and part["message_id"]]
