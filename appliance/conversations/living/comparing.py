"""Cited lines beside what stands there now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from appliance.conversations.living.models import CitationState
from appliance.conversations.living.reading import seen_as
from appliance.conversations.models import Evidence
from indexer.models import Document
from indexer.scope import Scope
from indexer.spans import Span

AROUND = 3  # lines shown before and after
LARGEST = 4000  # lines of a file that is compared; of a larger one the same lines are shown
MOST_SHOWN = 400  # lines of one side

Numbered = tuple[int, str]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One row: the line then, the line now; None where a side has none."""

    kind: str  # same, changed, removed, added
    old: Numbered | None
    new: Numbered | None


@dataclass(frozen=True, slots=True)
class Compared:
    evidence: Evidence
    state: CitationState.State
    rows: tuple[ComparedRow, ...]
    path: str  # of the new side
    commit: str
    is_cut: bool = False


def compare(evidence: Evidence, found: CitationState | None, scope: Scope) -> Compared:
    """Return both sides for a reader who may read the evidence; of lines that are gone only one."""
    state = CitationState.State.FRESH
    if found is not None:
        state = seen_as(found.state, evidence, found.path, scope)
    is_shown = found is not None and state != CitationState.State.GONE
    path = found.path if found and is_shown else evidence.path
    text = _live_text(evidence, found, path) if found and is_shown else None
    old = evidence.blob.text.split("\n")
    around = _grown(evidence.span, AROUND, len(old))
    if text is None or found is None:
        rows = tuple(_rows(old, [], around, None))
        return Compared(evidence, state, rows[:MOST_SHOWN], path, "", len(rows) > MOST_SHOWN)
    new = text.split("\n")
    target = found.span if state == CitationState.State.MOVED else _mapped(old, new, evidence.span)
    rows = tuple(_rows(old, new, around, _grown(target, AROUND, len(new))))
    return Compared(
        evidence, state, rows[:MOST_SHOWN], path, found.ref.commit, len(rows) > MOST_SHOWN
    )


def _live_text(evidence: Evidence, found: CitationState, path: str) -> str | None:
    documents = Document.objects.filter(
        source_id=evidence.source_id, path=path, refs__contains=[found.ref_id]
    )
    return documents.values_list("blob__text", flat=True).first()


def _mapped(old: Sequence[str], new: Sequence[str], span: Span) -> Span:
    """Return the lines of the new text that have taken the place of a span.

    Of lines that were taken out, those on both sides of the gap.
    """
    if max(len(old), len(new)) > LARGEST:
        last = min(span.end_line, len(new))
        return Span(min(span.start_line, last), last)
    first, last = span.start_line - 1, span.end_line
    start, end = len(new), 0
    for name, old_from, old_to, new_from, new_to in _operations(old, new):
        is_put_in = old_from == old_to and first < old_from < last
        if is_put_in or (old_from < last and first < old_to):
            is_equal = name == "equal"
            start = min(start, new_from + (max(first - old_from, 0) if is_equal else 0))
            end = max(end, new_to - (max(old_to - last, 0) if is_equal else 0))
    if start < end:
        return Span(start + 1, end)
    return Span(max(start, 1), max(min(start + 1, len(new)), 1))


def _operations(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """Return what makes the new lines of the old; empty lines are no reason to line up by."""
    matcher = SequenceMatcher(lambda line: not line.strip(), old, new, autojunk=False)
    return list(matcher.get_opcodes())


def _rows(
    old: Sequence[str], new: Sequence[str], old_span: Span, new_span: Span | None
) -> Iterator[ComparedRow]:
    before = _numbered(old, old_span)
    after = _numbered(new, new_span) if new_span else []
    operations = _operations([line for _, line in before], [line for _, line in after])
    for _, old_from, old_to, new_from, new_to in operations:
        pairs = zip_longest(before[old_from:old_to], after[new_from:new_to])
        for left, right in pairs:
            yield ComparedRow(_kind(left, right), left, right)


def _kind(left: Numbered | None, right: Numbered | None) -> str:
    if left is None:
        return "added"
    if right is None:
        return "removed"
    return "same" if left[1] == right[1] else "changed"


def _numbered(lines: Sequence[str], span: Span) -> list[Numbered]:
    shown = lines[span.start_line - 1 : span.end_line]
    return list(enumerate(shown, start=span.start_line))


def _grown(span: Span, by: int, count: int) -> Span:
    return Span(max(1, span.start_line - by), max(span.end_line, min(count, span.end_line + by)))
