"""A line range, the unit of a chunk and of a citation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    start_line: int  # first line, counted from 1
    end_line: int  # last line, included

    def __post_init__(self) -> None:
        if not 1 <= self.start_line <= self.end_line:
            raise ValueError(f"not a line range: {self.start_line}-{self.end_line}")

    @property
    def line_count(self) -> int:
        return self.end_line - self.start_line + 1

    def overlaps(self, other: Span) -> bool:
        return self.start_line <= other.end_line and other.start_line <= self.end_line

    def contains(self, other: Span) -> bool:
        return self.start_line <= other.start_line and other.end_line <= self.end_line

    def lines_of(self, text: str) -> list[str]:
        """Return these lines of a text; shorter when the text ends before."""
        return text.split("\n")[self.start_line - 1 : self.end_line]

    def __str__(self) -> str:
        return f"L{self.start_line}-L{self.end_line}"
