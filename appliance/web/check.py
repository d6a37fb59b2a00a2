"""What a check says: for the status page and for `manage.py doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "off"]

UNKNOWN, ABOVE = "unknown without the database", "See the database above."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what to do when it is not well."""

    name: str
    state: State
    detail: str
    next_step: str = ""
