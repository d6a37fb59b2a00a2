"""A scripted model for measuring citations: it says what is right, and cites right and wrong.

Each sentence names something that stands on a line of the evidence in the prompt. How it cites that
is its plan: `right` the evidence, `shifted` other lines of it, `wrong` a piece of another document,
`unoffered` a handle that was not given, and `made_up` names what stands nowhere.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inference.protocol import ChatMessage
from inference.testing import FakeModel

PLANS = ("right", "shifted", "wrong", "unoffered", "made_up")
BLOCK = re.compile(
    r"^\[(E\d+)\] (\S+) lines (\d+)-(\d+)[^\n]*\n(`{3,})\n(.*?)\n\5$", re.MULTILINE | re.DOTALL
)
NAME = re.compile(r"\b[A-Za-z]\w*_\w+\b|\b[a-z]+[A-Z]\w+\b|\b[A-Z][a-z]+[A-Z]\w+\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of evidence as the prompt shows it."""

    handle: str
    place: str
    first: int
    lines: tuple[str, ...]

    def names(self) -> dict[str, list[int]]:
        """Return the names that stand in it, with the numbers of their lines."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines, self.first):
            for name in NAME.findall(line):
                found.setdefault(name, []).append(number)
        return found


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of the script, and how it cites."""

    plan: str
    name: str
    text: str


class CitingModel(FakeModel):
    """Writes one sentence of each plan that the evidence allows; the same for the same prompt."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Said] = []  # of the latest answer

    def answer(self, messages: Sequence[ChatMessage]) -> str:
        prompt = messages[-1].content
        blocks = [_block(found) for found in BLOCK.finditer(prompt)]
        chance = random.Random(prompt)  # noqa: S311  a script, not a secret
        self.said = list(_sentences(blocks, chance)) if blocks else []
        return " ".join(one.text for one in self.said) or "Nothing."


def _block(found: re.Match[str]) -> Block:
    return Block(found[1], found[2], int(found[3]), tuple(found[6].split("\n")))


def _sentences(blocks: Sequence[Block], chance: random.Random) -> Iterator[Said]:
    for plan in PLANS:
        named = [block for block in blocks if block.names()]
        if not named:
            return
        block = chance.choice(named)
        name = chance.choice(sorted(block.names()))
        marker = _marker(plan, block, name, blocks, chance)
        if marker:
            name = f"{name}_quux" if plan == "made_up" else name
            yield Said(plan, name, f"It is done by `{name}` {marker}.")


def _marker(
    plan: str, block: Block, name: str, blocks: Sequence[Block], chance: random.Random
) -> str:
    """Return how a sentence of a plan cites its name; nothing where the evidence has no such lines."""
    if plan == "unoffered":
        return f"[E{len(blocks) + chance.randint(1, 40)}]"
    if plan == "shifted":
        holding = set(block.names()[name])
        others = [n for n in range(block.first, block.first + len(block.lines)) if n not in holding]
        return f"[{block.handle}:{chance.choice(others)}]" if others else ""
    if plan == "wrong":
        others_ = [one for one in blocks if one.place != block.place and name not in one.names()]
        return f"[{chance.choice(others_).handle}]" if others_ else ""
    return f"[{block.handle}]"
