"""Where in a text a mention stands: the same rules for the cited lines and for the whole document.

A name is found in any case and with any joints: `addItem` is `add_item` is `ADD_ITEM`, but never
`add` or `add_items`. Of `Command.invoke` the last part decides, the others must stand somewhere in
the document. A flag may stand as the name that a library makes of it (`--no-color`, `no_color`). A
number is found in any notation, with a unit also multiplied out. A text is found in any case.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from functools import cached_property, lru_cache

from appliance.conversations.checking.mentions import NUMBER, SEPARATOR, Kind, Mention
from indexer.lexical.words import split_word

IDENTIFIER = re.compile(r"[^\W\d][\w$]*(?:-[^\W\d]\w*)*")
NUMBERS = re.compile(NUMBER.replace(r"(?<![\w.])v?", r"(?:(?<![A-Za-z_.\d])|(?<=\bv))"))
MAX_PLACES = 500  # of one mention in one text
LONGEST_HEX = 200  # letters of a number that is compared in any notation
OF_NO_PLACE = frozenset({"self", "this", "cls", "super"})  # whose members they are nobody writes


class LineFinder:
    """Finds the lines of a text, counted from `first_line`, that hold a mention."""

    def __init__(self, text: str, first_line: int = 1) -> None:
        self.text = text
        self.first_line = first_line

    def lines_with(self, mention: Mention) -> list[int]:
        """Return the numbers of the lines, in order."""
        match mention.kind:
            case Kind.NAME:
                return self._lines_of_name(mention.text)
            case Kind.NUMBER:
                return self._lines_of_number(mention)
            case Kind.FLAG:
                exact = self._lines_of_text(mention.text, is_whole=True)
                return exact or self._names.get(normal(mention.text), [])
            case Kind.ENDPOINT:
                return self._lines_of_text(static_part(mention.text))
            case _:
                return self._lines_of_text(mention.text)

    def holds_name(self, name: str) -> bool:
        return normal(name) in self._names

    def _lines_of_name(self, name: str) -> list[int]:
        *before, last = SEPARATOR.split(name)
        if not all(part in OF_NO_PLACE or self.holds_name(part) for part in before):
            return []
        return self._names.get(normal(last), [])

    def _lines_of_number(self, mention: Mention) -> list[int]:
        wanted = values_of(mention)
        return sorted({line for value in wanted for line in self._numbers.get(value, [])})

    def _lines_of_text(self, text: str, *, is_whole: bool = False) -> list[int]:
        wanted = text.casefold()
        lines: list[int] = []
        at = self._folded.find(wanted)
        while at >= 0 and len(lines) < MAX_PLACES:
            end = at + len(wanted)
            around = self._folded[max(0, at - 1) : at] + self._folded[end : end + 1]
            if not (is_whole and re.search(r"[\w-]", around)):
                lines.append(self.first_line + bisect_right(self._starts, at) - 1)
            at = self._folded.find(wanted, end)
        return lines

    @cached_property
    def _folded(self) -> str:
        return self.text.casefold()

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line of the folded text begins."""
        return [0, *(found.end() for found in re.finditer("\n", self._folded))]

    @cached_property
    def _names(self) -> dict[str, list[int]]:
        names: dict[str, list[int]] = defaultdict(list)
        for number, line in enumerate(self.text.split("\n"), self.first_line):
            for word in set(IDENTIFIER.findall(line)):
                for part in {word, *word.split("-")}:
                    places = names[normal(part)]
                    if not places or places[-1] != number:
                        places.append(number)
        return dict(names)

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, line in enumerate(self.text.split("\n"), self.first_line):
            for written in set(NUMBERS.findall(line)):
                numbers[_plain(written)].append(number)
        return dict(numbers)


@lru_cache(maxsize=1 << 16)
def normal(name: str) -> str:
    """Return a name as all its spellings have it: parts joined, in small letters."""
    return "".join(split_word(name)).lower() or name.strip("-_$").lower()


def values_of(mention: Mention) -> set[str]:
    """Return a number as it may stand in code."""
    plain = _plain(mention.text.lstrip("v"))
    values = {plain}
    if plain.isdecimal() and len(plain) < 12:
        values |= {str(int(plain) * factor) for factor in mention.factor}
        values.add(f"{int(plain) / 100:g}")  # 50 % may stand as 0.5
    return values


def static_part(endpoint: str) -> str:
    """Return an endpoint up to its first parameter: how that is written differs."""
    return re.split(r"[{<]|/:", endpoint, maxsplit=1)[0].rstrip("/") or endpoint


def _plain(number: str) -> str:
    number = number.replace("_", "").replace(",", "").lower()
    if number.startswith("0x"):  # a key as one literal: Python writes no number of many digits
        return str(int(number, 16)) if len(number) <= LONGEST_HEX else number
    return number.lstrip("0") or "0" if number.isdecimal() else number
