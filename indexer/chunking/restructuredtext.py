"""reStructuredText: sections by underlined titles; levels are in order of first appearance."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.chunking.lines import Lines
from indexer.chunking.registry import Dissection, register
from indexer.chunking.sections import Heading, chunk_sections

ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
MAX_TITLE_LINE = 300


@register("restructuredtext")
def chunk_restructuredtext(text: str) -> Dissection:
    lines = Lines(text)
    return Dissection(chunk_sections(lines, list(_headings(lines.lines))), [], [])


def _headings(lines: list[str]) -> Iterator[Heading]:
    levels: dict[str, int] = {}
    for at in range(1, len(lines)):
        mark = _adornment(lines[at])
        title = lines[at - 1][:MAX_TITLE_LINE].rstrip()
        if not mark or not title.strip() or _adornment(title):
            continue
        # An overline makes another style, and then the title may be indented.
        over = at >= 2 and _adornment(lines[at - 2]) == mark
        if (title[0].isspace() and not over) or len(lines[at].rstrip()) < len(title.strip()):
            continue
        level = levels.setdefault(mark * 2 if over else mark, len(levels) + 1)
        yield Heading(at - 1 if over else at, level, title.strip())


def _adornment(line: str) -> str:
    """Return the punctuation that a line repeats from end to end, "" for other lines."""
    found = ADORNMENT.fullmatch(line[:MAX_TITLE_LINE]) if len(line) <= MAX_TITLE_LINE else None
    return found[1] if found else ""
