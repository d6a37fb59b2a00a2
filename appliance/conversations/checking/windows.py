"""The smallest range of lines that holds one of each, and the definition around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from indexer.spans import Span

SMALL_DEFINITION = 30  # lines


def smallest_window(places: Sequence[Sequence[int]], *, near: int) -> Span | None:
    """Return the shortest range with a line of each list, of equal ones the nearest to a line.

    None when a list is empty. The lists are sorted; time grows with all lines together.
    """
    if not places or not all(places):
        return None
    events = sorted((line, which) for which, lines in enumerate(places) for line in lines)
    inside: Counter[int] = Counter()
    best: tuple[int, int, int, int] | None = None
    first = 0
    for line, which in events:
        inside[which] += 1
        while len(inside) == len(places):
            start, leaving = events[first]
            candidate = (line - start, abs(start - near), start, line)
            best = candidate if best is None else min(best, candidate)
            inside[leaving] -= 1
            if not inside[leaving]:
                del inside[leaving]
            first += 1
    return Span(best[2], best[3]) if best else None


def grown(window: Span, definitions: Sequence[Span]) -> Span:
    """Return the smallest definition around a range where it is small, else the range."""
    smallest = smallest_around(window, definitions)
    return smallest if smallest and smallest.line_count <= SMALL_DEFINITION else window


def smallest_around(window: Span, definitions: Sequence[Span]) -> Span | None:
    """Return the smallest definition that holds a range."""
    around = [one for one in definitions if one.contains(window)]
    return min(around, key=lambda one: one.line_count, default=None)
