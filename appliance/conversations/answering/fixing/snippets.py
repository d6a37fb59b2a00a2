"""Finds code that was pasted in the documents: exactly where it stands, else where most of it does."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.spans import Span

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*$")
CODELIKE = re.compile(
    r"[{};]\s*$|^\s{2,}\S|^\s*(?:def|class|func|fn|function|import|from|return|if|for|while|let|const|var|public|"
    r"private|static|#include|package|use)\b.*[({:;=]|\w\(.{0,200}\)|^\s*(?://|/\*|\*)"
)
SPACE = re.compile(r"\s+")
MOST_SNIPPETS = 4
MOST_LINES = 400  # of one snippet
LEAST_SHARE = 0.5  # of a snippet's letters that must stand in a window
MOST_MATCHES = 4  # of one snippet in one document
MOST_PLACES = 40  # of one line in a document; a commoner one says nothing


@dataclass(frozen=True, slots=True)
class Snippet:
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def telling(self) -> list[str]:
        """Return its longest lines: what is searched for."""
        stripped = {line.strip() for line in self.lines}
        return sorted((one for one in stripped if len(one) > 8), key=lambda one: (-len(one), one))[
            :4
        ]


@dataclass(frozen=True, slots=True)
class Match:
    """Where a snippet stands: all of it, or a share of its letters."""

    span: Span
    share: float


def snippets_in(text: str) -> list[Snippet]:
    """Return fenced blocks; without any, runs of lines that look like code."""
    blocks = list(_fenced(text)) or list(_runs(text))
    snippets = [Snippet(tuple(block[:MOST_LINES])) for block in blocks]
    return [one for one in snippets if any(line.strip() for line in one.lines)][:MOST_SNIPPETS]


def without_snippets(text: str) -> str:
    """Return what is said around fenced blocks."""
    kept: list[str] = []
    opened = ""
    for line in text.split("\n"):
        fence = FENCE.match(line)
        if fence and not opened:
            opened = fence[1]
        elif fence and line.strip().startswith(opened):
            opened = ""
        elif not opened:
            kept.append(line)
    return "\n".join(kept)


def find_snippet(snippet: Snippet, document: Sequence[str]) -> list[Match]:
    """Return the windows of a document that hold the snippet, white space apart: several when it
    stands there more than once.

    Lines that most say about the place vote for where it begins.
    """
    wanted = [(at, key) for at, line in enumerate(snippet.lines) if (key := SPACE.sub("", line))]
    places: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(document):
        places[SPACE.sub("", line)].append(at)
    votes: Counter[int] = Counter()
    for at, key in wanted:
        if len(places.get(key, ())) <= MOST_PLACES:
            for place in places.get(key, ()):
                votes[place - at] += len(key)
    if not votes:
        return []
    near = {begin: _near(votes, begin) for begin in votes}
    total = sum(len(key) for _, key in wanted)
    best = max(near.values())
    if best < LEAST_SHARE * total:
        return []
    share = min(1.0, best / total)
    spans = (
        _span_from(wanted, places, begin, len(snippet.lines))
        for begin in _not_overlapping(
            (one for one in near if near[one] == best), len(snippet.lines)
        )
    )
    return [Match(span, share) for span in spans if span]


def _not_overlapping(begins: Iterable[int], lines: int) -> list[int]:
    """Return the first places of which none lies within another."""
    kept: list[int] = []
    for begin in sorted(begins):
        if len(kept) < MOST_MATCHES and (not kept or begin - kept[-1] >= lines):
            kept.append(begin)
    return kept


def _span_from(
    wanted: Sequence[tuple[int, str]], places: Mapping[str, list[int]], begin: int, lines: int
) -> Span | None:
    """Return from where to where the lines stand that belong to a beginning."""
    standing = [
        place
        for at, key in wanted
        for place in places.get(key, ())
        if abs(place - at - begin) <= 2 + lines // 4
    ]
    return Span(min(standing) + 1, max(standing) + 1) if standing else None


def _near(votes: Counter[int], begin: int) -> int:
    """Return the votes for a beginning; lines that were added or lost shift those after them."""
    return sum(votes[begin + shift] for shift in range(-2, 3))


def _fenced(text: str) -> Iterator[list[str]]:
    block: list[str] | None = None
    opened = ""
    for line in text.split("\n"):
        fence = FENCE.match(line)
        if block is None and fence:
            block, opened = [], fence[1]
        elif block is not None and fence and line.strip().startswith(opened):
            yield block
            block = None
        elif block is not None:
            block.append(line)
    if block:
        yield block


def _runs(text: str) -> Iterator[list[str]]:
    run: list[str] = []
    for line in text.split("\n"):
        if CODELIKE.search(line[:500]) or (run and not line.strip()):
            run.append(line)
            continue
        if sum(bool(one.strip()) for one in run) >= 2:
            yield run
        run = []
    if sum(bool(one.strip()) for one in run) >= 2:
        yield run
