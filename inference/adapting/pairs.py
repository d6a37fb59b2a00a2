"""What an adapter learns from: prompts as the product writes them, each with the answer that is wanted.

    {"kind": "curated", "source": "shop", "system": "...", "prompt": "...", "answer": "..."}

They are a company's own text: the files are readable by their owner alone. Which pairs are kept apart to
measure with follows from their hash, so that none is ever learned from, whoever draws them and when.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from inference.errors import AdapterFailed

KINDS = ("change", "place", "curated")
HELD_OUT_OF_256 = 32  # one pair of eight
LARGEST_FILE = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TrainingPair:
    kind: str  # one of KINDS
    source: str  # whose text it is
    prompt: str
    answer: str
    system: str = ""

    @property
    def is_held_out(self) -> bool:
        # By the prompt alone: a copy of the same source is on the same side.
        told = hashlib.sha256(self.prompt.encode("utf-8", "replace"))
        return told.digest()[0] < HELD_OUT_OF_256


def write_pairs(path: Path, pairs: Iterable[TrainingPair]) -> int:
    """Write a file that only its owner can read, and return how many pairs it has.

    Raises AdapterFailed when there is such a file, or none can be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise AdapterFailed(f"{path} exists: name another file, or remove it") from exc
    except OSError as exc:
        raise AdapterFailed(f"{path} cannot be written: {exc.strerror}") from exc
    count = 0
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), 0o600)  # whatever the umask allows
        for pair in pairs:
            stream.write(json.dumps(asdict(pair)) + "\n")
            count += 1
    return count


def read_pairs(path: Path) -> list[TrainingPair]:
    """Read a file of pairs. Raises AdapterFailed for one that is not."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise AdapterFailed(f"{path} is larger than training pairs can be")
        return list(_parsed(path))
    except OSError as exc:
        raise AdapterFailed(f"{path} cannot be read: {exc.strerror}") from exc


def _parsed(path: Path) -> Iterator[TrainingPair]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            try:
                pair = TrainingPair(**json.loads(line))
            except (ValueError, TypeError, RecursionError) as exc:
                raise AdapterFailed(f"{path}, line {number}: not a training pair: {exc}") from exc
            is_text = all(isinstance(one, str) for one in asdict(pair).values())
            if not is_text or pair.kind not in KINDS or not pair.source or not pair.answer:
                raise AdapterFailed(f"{path}, line {number}: not a training pair")
            yield pair
