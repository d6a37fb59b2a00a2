"""AsciiDoc: sections by = headings; what stands in a delimited block is no heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.chunking.lines import Lines
from indexer.chunking.registry import Dissection, register
from indexer.chunking.sections import Heading, chunk_sections

HEADING = re.compile(r"(={1,6})[ \t]+(\S.*)$")
DELIMITER = re.compile(r"(-{4,}|={4,}|\.{4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|`{3,})[ \t]*$")
MAX_TITLE_LINE = 300


@register("asciidoc")
def chunk_asciidoc(text: str) -> Dissection:
    lines = Lines(text)
    return Dissection(chunk_sections(lines, list(_headings(lines.lines))), [], [])


def _headings(lines: list[str]) -> Iterator[Heading]:
    block = ""
    for at, whole in enumerate(lines):
        line = whole[:MAX_TITLE_LINE]
        if found := DELIMITER.match(line):
            if not block:
                block = found[1]
            elif found[1] == block:
                block = ""
        elif not block and (heading := HEADING.match(line)):
            yield Heading(at + 1, len(heading[1]), heading[2].strip())
