"""What one look at the appliance comes to, and the words that looks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "off"]

MODELS = {"Chat model", "Embedding model", "Reranker"}
WORDS = {"ok": "Working", "warning": "Needs attention", "off": "Not configured", "failed": "Failed"}
MODEL_WORDS = WORDS | {"warning": "Slow", "failed": "Down"}
UNKNOWN, ABOVE = "unknown without the database", "See the database above."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what to do when it is not well."""

    name: str
    state: State
    detail: str
    next_step: str = ""

    @property
    def word(self) -> str:
        """Return the state in a word; of the models people hear how answers come, no more."""
        return (MODEL_WORDS if self.name in MODELS else WORDS)[self.state]


def first_line(exc: BaseException) -> str:
    return (str(exc).strip().splitlines() or [type(exc).__name__])[0]
