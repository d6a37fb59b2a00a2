"""What the model learns from: a text that asks, and the text that should be found by it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """The document begins with its path, as what the product embeds does."""

    kind: str  # commit, comment, docstring, heading, sentence
    query: str
    document: str


def write_pairs(file: Path, pairs: Iterable[Pair]) -> None:
    with gzip.open(file, "wt", encoding="utf-8", errors="replace", compresslevel=3) as out:
        for pair in pairs:
            out.write(json.dumps(asdict(pair)) + "\n")


def read_pairs(file: Path) -> Iterator[Pair]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield Pair(**json.loads(line))
