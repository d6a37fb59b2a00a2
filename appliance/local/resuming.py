"""A file of JSON lines, one for each question of a long benchmark: ended in the middle, it goes on
where it was, and says on the way how far it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

console = Console(stderr=True)
Line = dict[str, Any]


def answered(
    questions: Sequence[Line], answer: Callable[[Line], Line], file: Path | None
) -> list[Line]:
    """Return a line for each question. One that stands in the file is not asked again: its `key` says
    what was asked, and in which setting.
    """
    known = _known(file)
    lines: list[Line] = []
    started, asked = time.monotonic(), 0
    for number, question in enumerate(questions, start=1):
        line = known.get(question["key"])
        if line is None:
            line = {**answer(question), "key": question["key"]}
            asked += 1
            _append(file, line)
            left_s = (time.monotonic() - started) / asked * (len(questions) - number)
            console.print(
                f"{number}/{len(questions)} {question['key']}: {line.get('seconds', 0):.1f} s,"
                f" about {left_s / 60:.0f} min left",
                highlight=False,
                markup=False,
            )
        lines.append(line)
    return lines


def _known(file: Path | None) -> dict[str, Line]:
    if file is None or not file.exists():
        return {}
    known: dict[str, Line] = {}
    for line in file.read_text("utf-8").split("\n"):
        with suppress(ValueError):  # one that was being written when all ended is asked again
            stored = json.loads(line)
            known[stored["key"]] = stored
    return known


def _append(file: Path | None, line: Line) -> None:
    if file is not None:
        before = file.read_bytes() if file.exists() else b""
        is_cut = bool(before) and not before.endswith(b"\n")
        with file.open("a", encoding="utf-8") as stream:
            stream.write(("\n" if is_cut else "") + json.dumps(line) + "\n")
