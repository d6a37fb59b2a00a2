"""Files of a company's own text that models learn from: JSON lines that their owner alone can read.

What is kept apart to measure with follows from a text's hash, so that none of it is ever learned from,
whoever draws the samples and when.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from inference.errors import InferenceError

HELD_OUT_OF_256 = 32  # one text of eight
LARGEST_FILE = 512 * 1024 * 1024


def is_held_out(text: str) -> bool:
    """Return whether a text is for measuring and never for learning."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] < HELD_OUT_OF_256


def write_lines(path: Path, rows: Iterable[object], failed: type[InferenceError]) -> int:
    """Write a new file, and return how many rows it has.

    Raises `failed` when there is such a file, or none can be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise failed(f"{path} exists: name another file, or remove it") from exc
    except OSError as exc:
        raise failed(f"{path} cannot be written: {exc.strerror}") from exc
    count = 0
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), 0o600)  # whatever the umask allows
        for row in rows:
            stream.write(json.dumps(row) + "\n")
            count += 1
    return count


def read_lines(path: Path, what: str, failed: type[InferenceError]) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers from 1. Raises `failed` for a file too large or unreadable."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise failed(f"{path} is larger than {what} can be")
        with path.open(encoding="utf-8", errors="replace") as stream:
            yield from enumerate(stream, 1)
    except OSError as exc:
        raise failed(f"{path} cannot be read: {exc.strerror}") from exc
