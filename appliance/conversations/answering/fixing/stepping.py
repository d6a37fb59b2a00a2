"""Tells the steps of a fix as they begin and end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from appliance.conversations.answering.events import Stepped
from appliance.conversations.answering.steps import Kind, Step

Places = Sequence[tuple[int, str]]


@dataclass(slots=True)
class Stepping:
    """The steps so far; one runs at a time."""

    done: list[Step] = field(default_factory=list)
    started: float = 0.0

    def begin(self, kind: Kind, title: str) -> Stepped:
        self.started = time.monotonic()
        return Stepped(Step(len(self.done) + 1, kind, title, is_running=True))

    def end(self, kind: Kind, title: str, detail: str, places: Places = ()) -> Stepped:
        seconds = round(time.monotonic() - self.started, 2)
        number = len(self.done) + 1
        step = Step(number, kind, title, detail, tuple(places), seconds=seconds)
        self.done.append(step)
        return Stepped(step)
