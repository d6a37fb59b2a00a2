"""What an adapter learns from: prompts as the product writes them, each with the answer that is wanted.

    {"kind": "curated", "source": "shop", "system": "...", "prompt": "...", "answer": "..."}

They are a company's own text: the files are readable by their owner alone. Which pairs are kept apart to
measure with follows from their hash, so that none is ever learned from, whoever draws them and when.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from inference.errors import AdapterFailed
from inference.owned_lines import is_held_out, read_lines, write_lines

KINDS = ("change", "place", "curated")


@dataclass(frozen=True, slots=True)
class TrainingPair:
    kind: str  # one of KINDS
    source: str  # whose text it is
    prompt: str
    answer: str
    system: str = ""

    @property
    def is_held_out(self) -> bool:
        return is_held_out(
            self.prompt
        )  # by it alone: a copy of the same source is on the same side


def write_pairs(path: Path, pairs: Iterable[TrainingPair]) -> int:
    """Write a file that only its owner can read, and return how many pairs it has.

    Raises AdapterFailed when there is such a file, or none can be written.
    """
    return write_lines(path, map(asdict, pairs), AdapterFailed)


def read_pairs(path: Path) -> list[TrainingPair]:
    """Read a file of pairs. Raises AdapterFailed for one that is not."""
    return list(_parsed(path))


def _parsed(path: Path) -> Iterator[TrainingPair]:
    for number, line in read_lines(path, "training pairs", AdapterFailed):
        try:
            pair = TrainingPair(**json.loads(line))
        except (ValueError, TypeError, RecursionError) as exc:
            raise AdapterFailed(f"{path}, line {number}: not a training pair: {exc}") from exc
        is_text = all(isinstance(one, str) for one in asdict(pair).values())
        if not is_text or pair.kind not in KINDS or not pair.source or not pair.answer:
            raise AdapterFailed(f"{path}, line {number}: not a training pair")
        yield pair
