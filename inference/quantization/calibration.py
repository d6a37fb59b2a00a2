"""Text for calibration: the company's own code and general code, mixed; and text that is kept apart for
the comparison afterwards.

    {"text": "...", "part": "own"}        one text of one file a line

Whether a text is for calibration or for the comparison follows from its hash, so that nothing is ever in both,
whoever draws the samples and when. The files are readable by their owner alone.
"""

from __future__ import annotations

import json
import random
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inference.errors import QuantizationFailed
from inference.owned_lines import is_held_out, read_lines, write_lines

Part = Literal["own", "general"]

TEXT_CHARACTERS = 8000  # of one file, in whole lines
SHORTEST = 200  # characters: less says nothing about how code is written
GENERAL_FILES = 4000  # looked at
NOT_GENERAL = {"site-packages", "dist-packages", "test", "tests", "idlelib", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    part: Part

    @property
    def is_held_out(self) -> bool:
        return is_held_out(self.text)


def excerpt(text: str, chance: random.Random, characters: int = TEXT_CHARACTERS) -> str:
    """Return whole lines from somewhere in a text; all of it where it is short."""
    if len(text) <= characters:
        return text
    lines = text.splitlines(keepends=True)
    begin = chance.randrange(len(lines))
    taken: list[str] = []
    size = 0
    for line in [*lines[begin:], *lines[:begin]]:
        if size + len(line) > characters:
            break
        taken.append(line)
        size += len(line)
    return "".join(taken)


def mixed(
    own: Sequence[Text], general: Sequence[Text], *, own_share: float, samples: int, seed: int = 0
) -> list[Text]:
    """Draw texts so that a share of them is the company's own; where one part is short, fewer in all.

    Raises QuantizationFailed when a part that is wanted has nothing.
    """
    if not 0 <= own_share <= 1:
        raise QuantizationFailed(f"the share of the company's own code is {own_share}: give 0 to 1")
    wanted_own = round(samples * own_share)
    wanted = {"own": (own, wanted_own), "general": (general, samples - wanted_own)}
    if missing := [name for name, (there, count) in wanted.items() if count and not there]:
        raise QuantizationFailed(
            f"there is no {missing[0]} text, but its share is not 0: name a file with --own, or "
            "give --own-share 0"
        )
    scale = min([1.0, *(len(there) / count for there, count in wanted.values() if count)])
    chance = random.Random(seed)  # noqa: S311 - a draw that can be repeated, not a secret
    drawn = [
        text
        for there, count in wanted.values()
        for text in chance.sample(list(there), int(count * scale))
    ]
    chance.shuffle(drawn)
    return drawn


def general_texts(folder: Path | None = None, seed: int = 0) -> list[Text]:
    """Return excerpts of the running Python's own library: code of many hands, on every machine."""
    root = folder or Path(sysconfig.get_path("stdlib"))
    chance = random.Random(seed)  # noqa: S311
    paths = [
        path
        for path in sorted(root.rglob("*.py"))
        if not NOT_GENERAL & set(path.relative_to(root).parts)
    ]
    texts = []
    for path in chance.sample(paths, min(GENERAL_FILES, len(paths))):
        content = excerpt(path.read_text(encoding="utf-8", errors="replace"), chance)
        if len(content) >= SHORTEST:
            texts.append(Text(content, "general"))
    return texts


def write_texts(path: Path, texts: Iterable[Text]) -> int:
    """Write a file that only its owner can read, and return how many texts it has.

    Raises QuantizationFailed when there is such a file: it may be what a model was calibrated with.
    """
    rows = ({"text": text.text, "part": text.part} for text in texts)
    return write_lines(path, rows, QuantizationFailed)


def read_texts(path: Path) -> list[Text]:
    """Read a file of texts. Raises QuantizationFailed for one that is not."""
    return list(_parsed(path))


def _parsed(path: Path) -> Iterator[Text]:
    for number, line in read_lines(path, "calibration text", QuantizationFailed):
        try:
            told = json.loads(line)
            text, part = told["text"], told["part"]
        except (ValueError, RecursionError, TypeError, KeyError) as exc:
            raise QuantizationFailed(f"{path}, line {number}: no calibration text") from exc
        if not isinstance(text, str) or part not in {"own", "general"}:
            raise QuantizationFailed(f"{path}, line {number}: no calibration text")
        yield Text(text, part)


def windows_of(
    token_lists: Sequence[Sequence[int]], *, count: int, tokens: int
) -> list[tuple[int, ...]]:
    """Cut texts into windows of one length; what is too short is joined with the next one.

    Raises QuantizationFailed when there is not enough for one window.
    """
    windows: list[tuple[int, ...]] = []
    left: list[int] = []
    for text in token_lists:
        left += text
        while len(left) >= tokens and len(windows) < count:
            windows.append(tuple(left[:tokens]))
            # What is over of this text would weigh more than the texts after it.
            left = left[tokens:] if len(left) < 2 * tokens else []
    if not windows:
        raise QuantizationFailed(f"there is no calibration text of {tokens} tokens")
    return windows
