"""Files of JSON lines in a folder, one a day, for whatever collects logs from there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from appliance.audit.exporting import line_of
from appliance.audit.heads import to_json
from appliance.audit.models import Event, Head

HEADS = "heads.jsonl"
TAIL_BYTES = 4 * 1024 * 1024  # more than the longest line


def write(folder: Path, events: Sequence[Event], heads: Sequence[Head]) -> None:
    """Append records to the files of their days, and heads to theirs; raises OSError.

    What a run that was killed wrote already is not written again.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for day, of_day in groupby(events, key=lambda event: f"{event.at:%Y-%m-%d}"):
        file = folder / f"audit-{day}.jsonl"
        written = _last_sequence(file)
        _append(file, (line_of(event) for event in of_day if event.sequence > written))
    _append(folder / HEADS, (json.dumps(to_json(head)) for head in heads))


def _append(file: Path, lines: Iterator[str]) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)
        stream.flush()
        os.fsync(stream.fileno())


def _last_sequence(file: Path) -> int:
    """Return the record on the last line, 0 for none; a line that was cut off is taken away."""
    if not file.is_file():
        return 0
    with file.open("rb+") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - TAIL_BYTES))
        tail = stream.read()
        whole = tail.rfind(b"\n") + 1
        stream.truncate(size - len(tail) + whole)
    lines = tail[:whole].splitlines()
    return int(json.loads(lines[-1])["metadata"]["sequence"]) if lines else 0
