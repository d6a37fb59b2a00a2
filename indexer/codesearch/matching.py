"""Find a pattern in a text line by line, with RE2: linear time, whatever the pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import re2

from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.syntax import Node, literal, read_pattern

MAX_PATTERN = 1000  # letters
MAX_PROGRAM = 5000  # steps of RE2's program; time is at most this times the text
MEMORY_BYTES = 8 * 1024 * 1024
WINDOW = 64 * 1024  # bytes looked at between two looks at the clock
MAX_SHOWN = 1000  # letters of a line that are given
MAX_SPANS = 100  # of one line
# What asks for the text's own start and end, or for bytes, means a line's here: one at a time.
OF_ONE_LINE = re.compile(r"\\[AzCQ]|\(\?[a-zA-Z]*-")
NOT_TAKEN = (
    (re.compile(r"\(\?<?[=!]"), "look-ahead and look-behind"),
    (re.compile(r"\\[1-9]|\\k<|\(\?P="), "references back to a group"),
    (re.compile(r"\(\?>|[*+?}]\+"), "atomic groups and possessive repeats"),
    (re.compile(r"\(\?\(|\(\?R|\(\?&"), "conditions and recursion"),
)


@dataclass(frozen=True, slots=True)
class LineMatch:
    """A line that holds the pattern; columns count letters from 1, the end excluded."""

    line: int
    text: str
    spans: tuple[tuple[int, int], ...]
    is_cut: bool = False  # the line is longer than what is given of it

    def with_spans_of(self, other: LineMatch | None) -> LineMatch:
        """Return the line with what another pattern found in it too, overlaps as one."""
        spans: list[tuple[int, int]] = []
        for start, end in sorted({*self.spans, *(other.spans if other else ())}):
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return replace(self, spans=tuple(spans))


class Pattern:
    """A compiled pattern; raises QueryRefused, naming the part, when RE2 does not take it."""

    def __init__(self, text: str, *, is_regex: bool, ignores_case: bool) -> None:
        if len(text) > MAX_PATTERN:
            raise QueryRefused(f"The pattern has more than {MAX_PATTERN:,} letters.")
        self.node: Node = read_pattern(text) if is_regex else literal(text)
        self._one_by_one = is_regex and bool(OF_ONE_LINE.search(text))
        self._compiled = compiled(
            text if is_regex else re2.escape(text), ignores_case=ignores_case, shown=text
        )

    def windows(self, content: bytes) -> Iterator[list[LineMatch]]:
        """Yield the matching lines, window after window, so that a caller can look at the clock."""
        line, start = 1, 0
        while start < len(content):
            end = len(content)
            if end - start > WINDOW:
                end = content.find(b"\n", start + WINDOW) + 1 or end
            window = content[start:end]
            yield list(self._lines(window, line))
            line += window.count(b"\n")
            start = end

    def _lines(self, content: bytes, line: int) -> Iterator[LineMatch]:
        if self._one_by_one:
            for number, text in enumerate(content.removesuffix(b"\n").split(b"\n"), line):
                if self._compiled.search(text):
                    yield self._match(text, number)
            return
        at = counted = 0
        while at < len(content) and (found := self._compiled.search(content, at)):
            if found.start() == len(content) and content.endswith(b"\n"):
                return  # behind the last line feed there is no line
            start = content.rfind(b"\n", 0, found.start()) + 1
            end = content.find(b"\n", found.start())
            end = len(content) if end < 0 else end
            line += content.count(b"\n", counted, start)
            counted = start
            yield self._match(content[start:end], line)
            at = end + 1

    def _match(self, line: bytes, number: int) -> LineMatch:
        text = line.decode("utf-8", "replace")
        spans: list[tuple[int, int]] = []
        last = letters = 0
        for found in self._compiled.finditer(line):
            letters += len(line[last : found.start()].decode("utf-8", "replace"))
            length = len(found.group().decode("utf-8", "replace"))
            if length:
                spans.append((letters + 1, letters + 1 + length))
            letters += length
            last = found.end()
            if len(spans) >= MAX_SPANS or letters > MAX_SHOWN:
                break
        return LineMatch(number, text[:MAX_SHOWN], tuple(spans), len(text) > MAX_SHOWN)


def compiled(pattern: str, *, ignores_case: bool = False, shown: str = "") -> re2._Regexp:
    """Compile for lines: ^ and $ are a line's, nothing matches a line feed."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignores_case
    options.never_nl = True
    options.max_mem = MEMORY_BYTES
    try:
        re2.compile(pattern.encode(), options)  # alone, so that the error speaks of it
        result = re2.compile(b"(?m:" + pattern.encode() + b")", options)
    except re2.error as exc:
        raise QueryRefused(_why(shown or pattern, exc)) from exc
    if max(result.programsize, result.reverseprogramsize) > MAX_PROGRAM:
        raise QueryRefused(
            "The pattern is too large: its repeats multiply to more than "
            f"{MAX_PROGRAM:,} steps. Repeat less, or use * and +."
        )
    return result


def _why(pattern: str, exc: Exception) -> str:
    for part, name in NOT_TAKEN:
        if found := part.search(pattern):
            return f"RE2 has no {name}: '{found[0]}' at letter {found.start() + 1}."
    said = exc.args[0] if exc.args else ""
    reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"This is not a regular expression that RE2 takes: {reason}."
