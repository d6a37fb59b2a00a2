"""Markdown: sections by # and underlined headings; what stands in a code fence is no heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.chunking.lines import Lines
from indexer.chunking.registry import Dissection, register
from indexer.chunking.sections import Heading, chunk_sections

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
NO_PARAGRAPH = re.compile(r"\s*(?:[-*+>|#]|\d+[.)]\s|$)")
MAX_TITLE_LINE = 300


@register("markdown")
def chunk_markdown(text: str) -> Dissection:
    lines = Lines(text)
    return Dissection(chunk_sections(lines, list(_headings(lines.lines))), [], [])


def _headings(lines: list[str]) -> Iterator[Heading]:
    fence = ""
    start = _front_matter_end(lines)
    for at in range(start, len(lines)):
        line = lines[at][:MAX_TITLE_LINE]
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
        elif heading := HEADING.match(line):
            title = (heading[2] or "").strip().rstrip("#").strip()
            yield Heading(at + 1, len(heading[1]), title)
        elif at > start and (heading := UNDERLINE.match(line)):
            above = lines[at - 1][:MAX_TITLE_LINE]
            if not NO_PARAGRAPH.match(above):
                yield Heading(at, 1 if heading[1][0] == "=" else 2, above.strip())


def _front_matter_end(lines: list[str]) -> int:
    """Return the index after a YAML head, whose closing --- is no underline."""
    if lines[0].rstrip() != "---":
        return 0
    closing = (at for at in range(1, min(len(lines), 200)) if lines[at].rstrip() == "---")
    return next(closing, -1) + 1
