"""The lines of a file as HTML, quickly: a template would take a second for five thousand of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from appliance.common.highlighting import highlighted_lines
from indexer.retrieval.kept import Kept
from indexer.spans import Span

MOST_BYTES = 48 * 1024 * 1024  # of coloured lines, kept by each process that shows pages
# Colouring takes about 1.5 seconds a megabyte. A longer file is coloured so far at first, and the
# rest is fetched by the page.
AT_ONCE = 60_000  # characters
LINE = (
    '<span class="code-line{marked}" id="L{n}">{before}<a class="code-number" href="#L{n}" '
    'data-number="{n}" tabindex="-1" aria-label="Line {n}"></a>'
    '<span class="code-text">{html}</span></span>'
)


@dataclass(frozen=True, slots=True)
class Coloured:
    """Every line of a text as HTML."""

    lines: tuple[SafeString, ...]

    @property
    def nbytes(self) -> int:
        return sum(map(len, self.lines)) + 80 * len(self.lines)


@dataclass(frozen=True, slots=True)
class Shown:
    """The lines of a page; `later` is how many stand in `rest`, which is plain as yet."""

    html: SafeString
    rest: SafeString
    later: int


Key = tuple[str, bytes]
_coloured: Kept[Key, Coloured] = Kept(MOST_BYTES)


def coloured_lines(text: str, path: str) -> tuple[SafeString, ...]:
    """Return the lines of a text in colour; those that were coloured before are kept."""
    return _coloured.get(_key(text, path), lambda: Coloured(tuple(_lines(text, path)))).lines


def _key(text: str, path: str) -> Key:
    return path.rpartition("/")[2], hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _lines(text: str, path: str) -> list[SafeString]:
    lines = highlighted_lines(text, path)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()  # the newline at the end of the file is no line of its own
    return lines


def shown_at_once(
    text: str, path: str, marked: Span | None, places: Mapping[int, SafeString]
) -> Shown:
    """Return the lines of a file: of a long one the first in colour, the others plain."""
    if len(text) <= AT_ONCE or _coloured.find(_key(text, path)):
        lines: Sequence[SafeString] = coloured_lines(text, path)
        return Shown(as_html(lines, marked, places), mark_safe(""), 0)
    end = text.rfind("\n", 0, AT_ONCE) + 1 or len(text)
    lines = _lines(text[:end], path)
    rest = (
        [escape(line) for line in text[end:].removesuffix("\n").split("\n")] if text[end:] else []
    )
    return Shown(
        as_html(lines, marked, places),
        as_html(rest, marked, places, first=len(lines) + 1),
        len(rest),
    )


def shown_later(
    text: str, path: str, marked: Span | None, places: Mapping[int, SafeString]
) -> SafeString:
    """Return in colour the lines that `shown_at_once` left plain."""
    first = text.count("\n", 0, AT_ONCE) + 1
    return as_html(coloured_lines(text, path)[first - 1 :], marked, places, first=first)


def as_html(
    lines: Iterable[SafeString],
    marked: Span | None = None,
    before: Mapping[int, SafeString] | None = None,
    *,
    first: int = 1,
    beside: Sequence[SafeString] = (),
) -> SafeString:
    """Return numbered lines; `before` stands above lines, `beside` in front of each."""
    pieces: list[str] = []
    above = before or {}
    start, end = (marked.start_line, marked.end_line) if marked else (0, 0)
    for number, line in enumerate(lines, start=first):
        if number in above:
            pieces.append(above[number])
        pieces.append(
            LINE.format(
                n=number,
                html=line,
                marked=" is-marked" if start <= number <= end else "",
                before=beside[number - 1] if number <= len(beside) else "",
            )
        )
    return mark_safe("".join(pieces))  # noqa: S308  numbers, and lines that are escaped


def headings(places: Iterable[tuple[int, str, str]]) -> dict[int, SafeString]:
    """Return what stands above the first lines of the parts: line, anchor and label of each."""
    return {
        line: format_html('<span class="code-place" id="{}">{}</span>', anchor, label)
        for line, anchor, label in places
    }
