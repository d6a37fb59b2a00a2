"""A question as it is shown: what was said, and what was pasted between, which keeps its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from appliance.conversations.answering.fixing.log_lines import bare
from appliance.conversations.answering.fixing.snippets import FENCE
from appliance.conversations.answering.fixing.trace_forms import ERRORS, PLACES

LONGEST_LINE = 500  # letters looked at of one line
# Stricter than what is looked for in the code: `f(x)` in a sentence is prose.
CODE = re.compile(
    r"[{};]\s*$|^\s{2,}\S|^[\w.]{1,80}\(.{0,300}\)$|^[\w.]{1,80} [-+*/|&]?= \S|^\s*(?://|/\*|\*/|@\w|#include )"
    r"|^(?:def|class|func|fn|function|if|else|for|while|try|with|let|const|var|public|private|static)\b.{0,300}[:{(,=]$"
    r"|^(?:import [\w.*, {}]{1,200}|from [\w.]{1,100} import .{1,200}|return [^.?]{1,200})$"
)
LEAST_LINES = 2  # of what was pasted without a fence
BEGINS = re.compile(
    r"Traceback \(|Exception in thread |goroutine \d|stack backtrace:|panic: |thread '|==\d+==|Caused by: "
)


class Kind(Enum):
    SAID = "said"
    CODED = "coded"  # lines that look like code, or like what a program said
    FENCED = "fenced"  # its writer said so


Run = tuple[Kind, list[str]]


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    is_pasted: bool = False


def parts_of(words: str) -> list[Part]:
    """Return what was said and what was pasted, in turn; blank lines between them are gone."""
    runs = _joined(_runs(words.split("\n")))
    # One line that looks like code was said, unless it belongs to more.
    runs = _joined((kind if _is_enough(kind, lines) else Kind.SAID, lines) for kind, lines in runs)
    shown = ((kind, "\n".join(lines)) for kind, lines in runs)
    return [
        Part(text.strip() if kind is Kind.SAID else text.strip("\n"), kind is not Kind.SAID)
        for kind, text in shown
        if text.strip()
    ]


def _is_enough(kind: Kind, lines: Sequence[str]) -> bool:
    return kind is not Kind.CODED or sum(bool(line.strip()) for line in lines) >= LEAST_LINES


def _runs(lines: Sequence[str]) -> Iterator[Run]:
    """Yield fenced blocks, and between them paragraphs without what is pasted at their ends."""
    run: list[str] = []
    opened = ""
    for line in lines:
        fence = FENCE.match(line)
        if opened:
            if fence and line.strip().startswith(opened):
                yield Kind.FENCED, run
                run, opened = [], ""
            else:
                run.append(line)
        elif fence:
            yield from _paragraph(run)
            run, opened = [], fence[1]
        elif line.strip():
            run.append(line)
        else:
            yield from _paragraph(run)
            yield Kind.SAID, [""]
            run = []
    yield from [(Kind.FENCED, run)] if opened else _paragraph(run)


def _paragraph(lines: list[str]) -> Iterator[Run]:
    """Yield lines that follow one another: what looks like code, and what stands around it."""
    coded = [at for at, line in enumerate(lines) if _is_coded(line)]
    first, last = (coded[0], coded[-1] + 1) if coded else (0, 0)
    if len(coded) * 2 < last - first:
        first = last = 0
    for kind, part in (
        (Kind.SAID, lines[:first]),
        (Kind.CODED, lines[first:last]),
        (Kind.SAID, lines[last:]),
    ):
        if part:
            yield kind, part


def _is_coded(line: str) -> bool:
    line = line[:LONGEST_LINE]
    told = bare(line)
    if told != line or CODE.search(line) or BEGINS.match(line):
        return True
    return any(form.match(line) for form in PLACES) or any(
        form.match(line.strip()) for form in ERRORS
    )


def _joined(runs: Iterable[Run]) -> list[Run]:
    """Put together what follows on its like; a blank line parts nothing that was pasted."""
    joined: list[Run] = []
    for kind, lines in runs:
        is_blank = kind is Kind.SAID and not any(lines)
        if joined and kind is not Kind.FENCED and (is_blank or joined[-1][0] is kind):
            joined[-1][1].extend(lines)
        elif not is_blank:
            joined.append((kind, list(lines)))
    return joined
