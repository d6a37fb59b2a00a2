"""Pairs from documentation: a heading and its section, a section's first sentence and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inference.training.comments import SENTENCE, WORD, cleaned
from inference.training.pairs import Pair

HEADING = re.compile(r"^#{1,5}\s+(.*?)\s*#*$")
UNDERLINE = re.compile(r"^([=\-~^\"'#*+])\1{2,}\s*$")
MOST_LINES = 40


def section_pairs(path: str, text: str) -> Iterator[Pair]:
    """Yield the pairs of a Markdown or reStructuredText file."""
    title = ""
    for heading, body in _sections(text.split("\n")):
        title = title or heading
        content = [line for line in body if line.strip()][:MOST_LINES]
        if len(WORD.findall(" ".join(content))) < 12:
            continue
        asked = heading if len(heading.split()) >= 3 or heading == title else f"{title}: {heading}"
        if len(WORD.findall(asked)) >= 2:
            yield Pair("heading", asked, "\n".join([path, *content]))
        first, *rest = SENTENCE.split(" ".join(content), maxsplit=1)
        if rest and (said := cleaned([first])) and len(WORD.findall(rest[0])) >= 15:
            yield Pair("sentence", said, "\n".join([path, heading, rest[0]]))


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    heading, body, fenced = "", list[str](), False
    for number, line in enumerate(lines):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        following = lines[number + 1] if number + 1 < len(lines) else ""
        marked = None if fenced else HEADING.match(line)
        underlined = (
            not fenced and line.strip() and UNDERLINE.match(following) and not UNDERLINE.match(line)
        )
        if marked or underlined:
            yield heading, body
            heading, body = marked[1] if marked else line.strip(), []
        elif not UNDERLINE.match(line):
            body.append(line)
    yield heading, body
