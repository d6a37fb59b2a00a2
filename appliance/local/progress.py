"""What a start shows: a moving line with seconds on a terminal, plain lines in a log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

NAME_WIDTH = 34


@dataclass(slots=True)
class Progress:
    """Shows steps and remembers how long each took."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        self.console.print(text, markup=False)

    def warn(self, text: str) -> None:
        self.console.print(text, style="yellow", markup=False)

    def fail(self, text: str) -> None:
        self.console.print(text, style="bold red", markup=False)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show one step while it runs; its line stays with its seconds when it ends well."""
        begun = time.monotonic()
        with Step(self.console, name) as step:
            yield step
        self.record(name, time.monotonic() - begun, note=step.note)

    def record(self, name: str, seconds: float, *, note: str = "") -> None:
        self.seconds[name] = round(seconds, 2)
        self.say(f"  {name:<{NAME_WIDTH}} {seconds:7.1f} s  {note}".rstrip())

    @property
    def total_seconds(self) -> float:
        return time.monotonic() - self.started

    def write(self, file: Path, marks: dict[str, float]) -> None:
        """Keep the account of this start: each step's seconds, and when what was reached."""
        account = {"at": time.time(), "steps": self.seconds, "reached": marks}
        file.write_text(json.dumps(account, indent=2) + "\n", encoding="utf-8")


class Step:
    """The moving line of a step that runs."""

    def __init__(self, console: Console, name: str) -> None:
        self.name = name
        self.note = ""
        self.console = console
        self.bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.bar = self.bars.add_task(name)

    def __enter__(self) -> Step:
        if not self.console.is_terminal:
            self.console.print(f"  {self.name} ...", markup=False)
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def tell(self, text: str) -> None:
        """Show what the step does at the moment."""
        self.bars.update(self.bar, description=f"{self.name}: {text}")
        if not self.console.is_terminal:
            self.console.print(f"    {text}", markup=False)

    def share(self, done_bytes: int, total_bytes: int) -> None:
        """Show how much of a download has come; on a log the next line says that it is there."""
        done, total = done_bytes // 1_000_000, total_bytes // 1_000_000
        self.bars.update(self.bar, description=f"{self.name}: {done} of {total} MB")
