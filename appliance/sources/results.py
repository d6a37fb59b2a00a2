"""Hits of a search as its page shows them: grouped by document, only the lines that matter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from appliance.common.highlighting import highlighted_lines
from indexer.retrieval.hits import Hit

SHOWN_LINES = 9
CONTEXT_LINES = 1


@dataclass(frozen=True, slots=True)
class ResultLine:
    number: int
    html: SafeString
    follows_gap: bool


@dataclass(frozen=True, slots=True)
class ResultHit:
    start_line: int
    end_line: int
    symbol: str
    kind: str
    legs: tuple[str, ...]
    lines: tuple[ResultLine, ...]


@dataclass(frozen=True, slots=True)
class ResultDocument:
    source: str
    path: str
    commit: str
    language: str
    hits: tuple[ResultHit, ...]
    checked_at: datetime | None  # when the source was last compared with its origin


def documents_of(
    hits: Sequence[Hit], checked_at: Mapping[str, datetime | None]
) -> list[ResultDocument]:
    """Group hits by document; a document stands where its best hit stood.

    `checked_at` says for each source when it was last compared with its origin.
    """
    groups: dict[tuple[str, str, str], list[Hit]] = {}
    for hit in hits:
        groups.setdefault((hit.source, hit.path, hit.commit), []).append(hit)
    return [
        ResultDocument(
            source=source,
            path=path,
            commit=commit,
            language=of_document[0].language,
            hits=_shown(of_document),
            checked_at=checked_at.get(source),
        )
        for (source, path, commit), of_document in groups.items()
    ]


def _shown(hits: Sequence[Hit]) -> tuple[ResultHit, ...]:
    return tuple(
        ResultHit(
            start_line=hit.span.start_line,
            end_line=hit.span.end_line,
            symbol=hit.symbol,
            kind=hit.kind,
            legs=hit.legs,
            lines=_lines_of(hit),
        )
        for hit in hits
    )


def _lines_of(hit: Hit) -> tuple[ResultLine, ...]:
    plain = hit.text.split("\n")
    kept = kept_lines(plain, hit.matched)
    html = highlighted_lines(hit.text, hit.path, hit.matched, first=kept[-1] + 1)
    return tuple(
        ResultLine(
            hit.span.start_line + index, html[index], place > 0 and kept[place - 1] < index - 1
        )
        for place, index in enumerate(kept)
    )


def kept_lines(lines: Sequence[str], words: Sequence[str]) -> list[int]:
    """Return which lines stand for the whole: the first, then those with most of the words."""
    if len(lines) <= SHOWN_LINES:
        return list(range(len(lines)))
    pattern = re.compile("|".join(map(re.escape, words)) or r"(?!)", re.IGNORECASE)
    weights = [len({word.lower() for word in pattern.findall(line)}) for line in lines]
    if not any(weights[1:]):
        return list(range(SHOWN_LINES))
    kept = {0}
    for best in sorted(range(len(lines)), key=lambda index: (-weights[index], index)):
        around = range(max(0, best - CONTEXT_LINES), min(len(lines), best + CONTEXT_LINES + 1))
        shown = {index for index in around if index == best or lines[index].strip()}
        if not weights[best] or len(kept | shown) > SHOWN_LINES:
            break
        kept |= shown
    # A single line left out takes no less room than the mark of a gap.
    return sorted(kept | {index + 1 for index in kept if index + 2 in kept})
