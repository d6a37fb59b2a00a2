"""What "test this connection" shows: each step, whether it went well, and what to do if not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"  # because one before it failed, or the settings do not ask for it


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a test, in words for an admin: never a secret."""

    name: str  # such as "Reach ldap.example.com:636"
    state: State
    says: str = ""  # what was found, or what failed and what to do
