"""The lines of a text with their weights, and where to cut when nothing but lines is known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

# About 400 tokens: what a small embedding model reads at once, and a citation people can check.
# Syntax-aware splitting by non-whitespace characters: cAST, arXiv 2506.15655.
BUDGET_WEIGHT = 1500
BUDGET_LINES = 60
# What a chunk may reach when a small remainder is joined to it.
HARD_WEIGHT = 2000
HARD_LINES = 80


class Lines:
    """A text by lines, counted from 1. A weight is the number of non-whitespace characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.count = len(self.lines)
        self._weights = list(accumulate(map(_weight, self.lines), initial=0))

    def weight(self, start: int, end: int) -> int:
        return self._weights[end] - self._weights[start - 1]

    def is_blank(self, line: int) -> bool:
        return not self.lines[line - 1].strip()

    def trimmed(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the range without blank lines at its ends, None when nothing is left."""
        while start <= end and self.is_blank(start):
            start += 1
        while end > start and self.is_blank(end):
            end -= 1
        return (start, end) if start <= end else None

    def fits(self, start: int, end: int) -> bool:
        return end - start < BUDGET_LINES and self.weight(start, end) <= BUDGET_WEIGHT

    def fits_hard(self, start: int, end: int) -> bool:
        return end - start < HARD_LINES and self.weight(start, end) <= HARD_WEIGHT

    def windows(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Cut a range into pieces within the budget, at the quietest line near each limit."""
        while start <= end:
            last = start
            while last < end and self.fits(start, last + 1):
                last += 1
            if last < end:
                last = self._quietest(start, last)
            yield start, last
            start = last + 1

    def _quietest(self, start: int, last: int) -> int:
        """Return the best last line of a window: before a little indented line, after a blank."""
        candidates = range(last, start + (last - start) * 2 // 3 - 1, -1)
        return min(candidates, key=self._loudness)

    def _loudness(self, last: int) -> int:
        following = self.lines[last]
        indent = len(following) - len(following.lstrip()) if following.strip() else 99
        return indent * 2 - (3 if self.is_blank(last) else 0)


def _weight(line: str) -> int:
    # A line of nothing but spaces still costs storage, hence the second figure.
    return max(sum(map(len, line.split())), len(line) // 4)
