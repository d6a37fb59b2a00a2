"""Finds where a hunk belongs: by its lines, never by its numbers alone.

The looser the comparison, the later it is tried: as written, without white space at line ends,
without indentation, with unchanged lines left out at the hunk's edges, and at last by the lines that
are taken away. A place must be the only one, or the one that was meant by its number or by what was
pasted; of several that fit none is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from appliance.conversations.answering.fixing.diff_blocks import Hunk, Line
from indexer.spans import Span

NEAR = 30  # lines by which a number may be wrong
MOST_FUZZ = 3  # unchanged lines left out at an edge
MOST_LINES = 2000  # of a hunk
SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Replacement:
    """Lines of a document and what takes their place."""

    start: int  # lines before them
    count: int
    new: tuple[str, ...]

    @property
    def end(self) -> int:
        return self.start + self.count


class Misplaced(Exception):
    """A hunk has no place, or several; the text says which."""


class _Keyed:
    """The lines of a document as each comparison has them, made once for all hunks."""

    def __init__(self, document: Sequence[str]) -> None:
        self.document = document
        self._by: dict[Callable[[str], str], list[str]] = {}

    def by(self, key: Callable[[str], str]) -> list[str]:
        if key not in self._by:
            self._by[key] = [key(line) for line in self.document]
        return self._by[key]


def place_hunks(
    hunks: Iterable[Hunk], document: Sequence[str], meant: Sequence[Span] = ()
) -> list[Replacement]:
    """Return what each hunk does to a document; raises Misplaced.

    `meant` are lines that were asked about: of several places one inside them is taken.
    """
    keyed = _Keyed(document)
    return [_placed(hunk, keyed, meant) for hunk in hunks]


def _placed(hunk: Hunk, keyed: _Keyed, meant: Sequence[Span]) -> Replacement:
    if len(hunk.lines) > MOST_LINES:
        raise Misplaced(f"A part of it has more than {MOST_LINES} lines.")
    if not hunk.old:
        raise Misplaced("A part of it adds lines and does not say where.")
    for key, trimmed in _looser(hunk):
        wanted = [key(line.text) for line in trimmed if line.sign != "+"]
        if not any(wanted):
            continue
        found = _places(wanted, keyed.by(key))
        if not found:
            continue
        start = _the_one(found, _hint(hunk, trimmed), len(wanted), meant)
        return _replacement(trimmed, keyed.document, start)
    raise Misplaced(f"No lines of the file are those that it changes: {_first(hunk)}")


def _first(hunk: Hunk) -> str:
    taken = [line.text for line in hunk.lines if line.sign == "-"] or hunk.old
    telling = next((text.strip() for text in taken if text.strip()), "")
    return f"\u201c{telling[:80]}\u201d is not there."


def _looser(hunk: Hunk) -> Iterator[tuple[Callable[[str], str], list[Line]]]:
    lines = list(hunk.lines)
    yield str, lines
    yield str.rstrip, lines
    yield _without_space, lines
    for fuzz in range(1, MOST_FUZZ + 1):
        trimmed = _trimmed(lines, fuzz)
        if any(line.sign == "-" for line in trimmed):
            yield _without_space, trimmed
    yield _without_space, _around_taken(lines)


def _without_space(text: str) -> str:
    return SPACE.sub("", text)


def _trimmed(lines: Sequence[Line], fuzz: int) -> list[Line]:
    """Leave out unchanged lines at both edges."""
    first = next((n for n, line in enumerate(lines) if line.sign != " "), 0)
    last = next((n for n in range(len(lines), 0, -1) if lines[n - 1].sign != " "), len(lines))
    return list(lines[min(fuzz, first) : max(len(lines) - fuzz, last)])


def _around_taken(lines: Sequence[Line]) -> list[Line]:
    """Return the changed lines alone, when they stand together and take something away."""
    changed = [n for n, line in enumerate(lines) if line.sign != " "]
    taken = [n for n in changed if lines[n].sign == "-"]
    if not taken:
        return []
    between = lines[changed[0] : changed[-1] + 1]
    return [] if any(line.sign == " " for line in between) else list(between)


def _places(wanted: Sequence[str], document: Sequence[str]) -> list[int]:
    """Return where these lines follow one another."""
    telling = max(range(len(wanted)), key=lambda n: len(wanted[n]))
    return [
        at - telling
        for at, line in enumerate(document)
        if line == wanted[telling]
        and at >= telling
        and list(document[at - telling : at - telling + len(wanted)]) == list(wanted)
    ]


def _hint(hunk: Hunk, trimmed: Sequence[Line]) -> int:
    """Return the line at which the trimmed hunk is said to begin, counted from 0; -1: not said."""
    if not hunk.hint:
        return -1
    left_out = next((n for n, line in enumerate(hunk.lines) if trimmed and line is trimmed[0]), 0)
    return hunk.hint - 1 + sum(line.sign != "+" for line in hunk.lines[:left_out])


def _the_one(found: Sequence[int], hint: int, count: int, meant: Sequence[Span]) -> int:
    if len(found) == 1:
        return found[0]
    if hint in found:
        return hint
    inside = [
        at for at in found if any(span.contains(Span(at + 1, at + max(count, 1))) for span in meant)
    ]
    if len(inside) == 1:
        return inside[0]
    if hint >= 0:
        nearest = sorted(found, key=lambda at: abs(at - hint))
        distances = [abs(at - hint) for at in nearest[:2]]
        if distances[0] <= NEAR and distances[0] * 2 < distances[1]:
            return nearest[0]
    raise Misplaced(f"The lines that it changes stand at {len(found)} places of the file.")


def _replacement(trimmed: Sequence[Line], document: Sequence[str], start: int) -> Replacement:
    """Return the new lines: those that stay as the document has them, added ones indented as those."""
    indent = _indenter(trimmed, document, start)
    new: list[str] = []
    at = start
    for line in trimmed:
        if line.sign == "+":
            new.append(indent(line.text))
            continue
        if line.sign == " ":
            new.append(document[at])
        at += 1
    return Replacement(start, at - start, tuple(new))


def _indenter(trimmed: Sequence[Line], document: Sequence[str], start: int) -> Callable[[str], str]:
    """Return how added lines are indented: as far from what was written as the lines around them."""
    margins = _margins(trimmed, document, start)
    # What is taken away tells more: an unchanged line may have lost its blank alone.
    written, real = margins.get("-") or margins.get(" ") or ("", "")
    if written == real or ("-" not in margins and len(real) - len(written) == 1):
        return str
    if real.startswith(written):
        more = real[: len(real) - len(written)]
        return lambda text: more + text if text.strip() else text
    if written.startswith(real):
        less = len(written) - len(real)
        return lambda text: text[less:] if text[:less].isspace() else text.lstrip()
    return lambda text: real + text.removeprefix(written) if text.startswith(written) else text


def _margins(
    trimmed: Sequence[Line], document: Sequence[str], start: int
) -> dict[str, tuple[str, str]]:
    """Return the indentation as written and as it is, of the first telling line of each sign."""
    margins: dict[str, tuple[str, str]] = {}
    staying = [line for line in trimmed if line.sign != "+"]
    for line, real in zip(staying, document[start:], strict=False):
        if line.text.strip():
            margins.setdefault(line.sign, (_margin(line.text), _margin(real)))
    return margins


def _margin(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]
