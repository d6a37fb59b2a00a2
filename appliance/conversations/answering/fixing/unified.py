"""Writes changes as one unified diff that git takes: real numbers, real lines around."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from appliance.conversations.answering.fixing.anchoring import Replacement

CONTEXT = 3  # unchanged lines around a change
MOST_COMPARED = 100_000  # pairs of lines: the time grows with more than their number
ODD_PATH = re.compile(r"[\x00-\x1f\x7f\"\\]")
NO_END = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines from start to end, counted from 0, and what stands there instead."""

    start: int
    end: int
    new: tuple[str, ...]


def has_odd_letters(path: str) -> bool:
    """Return whether git would have to write the path in quotes."""
    return ODD_PATH.search(path) is not None


def applied(document: Sequence[str], replacements: Sequence[Replacement]) -> list[str]:
    """Return the document after all replacements, which must not overlap."""
    lines: list[str] = []
    at = 0
    for one in sorted(replacements, key=lambda one: one.start):
        lines += [*document[at : one.start], *one.new]
        at = one.end
    return [*lines, *document[at:]]


def overlap(replacements: Sequence[Replacement]) -> bool:
    ordered = sorted(replacements, key=lambda one: one.start)
    return any(one.end > other.start for one, other in pairwise(ordered))


def new_file(path: str, lines: Sequence[str]) -> str:
    """Return the diff that makes a file of these lines; of none an empty one."""
    head = [f"diff --git a/{path} b/{path}", "new file mode 100644"]
    if not lines:
        return "\n".join(head) + "\n"
    body = ["--- /dev/null", f"+++ b/{_named(path)}", f"@@ -0,0 +1,{len(lines)} @@"]
    return "\n".join([*head, *body, *(f"+{line}" for line in lines)]) + "\n"


def changed_file(
    path: str,
    document: Sequence[str],
    replacements: Sequence[Replacement],
    *,
    ends: bool = True,
    masked: Collection[int] = (),
) -> str:
    """Return the diff of a file; empty when nothing changes.

    `ends`: its last line has a line feed. `masked`: lines, counted from 0, that git has otherwise;
    none of them is shown around a change.
    """
    edits = [edit for one in replacements for edit in _edits(one, document)]
    edits.sort(key=lambda edit: edit.start)
    if not edits:
        return ""
    lines = [
        f"diff --git a/{path} b/{path}",
        f"--- a/{_named(path)}",
        f"+++ b/{_named(path)}",
    ]
    shift = 0
    for group in _groups(edits, masked):
        hunk, shift = _hunk(group, document, shift, _around(group, len(document), masked), ends)
        lines += hunk
    return "\n".join(lines) + "\n"


def _named(path: str) -> str:
    """Return a path as a heading has it: a tab ends one with blanks."""
    return f"{path}\t" if " " in path else path


def _edits(one: Replacement, document: Sequence[str]) -> Iterator[_Edit]:
    """Yield the lines that differ within a replacement; of too many to compare, all between the first
    and the last that do."""
    before = _alike(document[one.start : one.end], one.new)
    behind = _alike(document[one.start + before : one.end][::-1], one.new[before:][::-1])
    start, end = one.start + before, one.end - behind
    old, new = list(document[start:end]), one.new[before : len(one.new) - behind]
    if len(old) * len(new) > MOST_COMPARED:
        yield _Edit(start, end, new)
        return
    matcher = difflib.SequenceMatcher(None, old, list(new), autojunk=False)
    for tag, first, last, new_first, new_last in matcher.get_opcodes():
        if tag != "equal":
            yield _Edit(start + first, start + last, new[new_first:new_last])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return with how many lines both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _groups(edits: Sequence[_Edit], masked: Collection[int]) -> Iterator[list[_Edit]]:
    group: list[_Edit] = []
    for edit in edits:
        between = range(group[-1].end, edit.start) if group else range(0)
        if len(between) > 2 * CONTEXT or any(line in masked for line in between):
            yield group
            group = []
        group.append(edit)
    yield group


def _around(group: Sequence[_Edit], count: int, masked: Collection[int]) -> tuple[int, int]:
    """Return where a hunk begins and ends, with the lines around its changes."""
    first, last = group[0].start, group[-1].end
    while first > max(0, group[0].start - CONTEXT) and first - 1 not in masked:
        first -= 1
    while last < min(count, group[-1].end + CONTEXT) and last not in masked:
        last += 1
    return first, last


def _hunk(
    group: Sequence[_Edit],
    document: Sequence[str],
    shift: int,
    around: tuple[int, int],
    ends: bool,
) -> tuple[list[str], int]:
    """Return the lines of a hunk, and by how many lines what follows is shifted."""
    first, last = around
    body: list[str] = []
    old_count = new_count = 0
    at = first
    for edit in [*group, _Edit(last, last, ())]:
        kept = [f" {line}" for line in document[at : edit.start]]
        taken = [f"-{line}" for line in document[edit.start : edit.end]]
        added = [f"+{line}" for line in edit.new]
        if not ends and edit.end == len(document):
            kept, taken, added = _without_end(kept, taken, added, len(document) == edit.start)
        body += kept + taken + added
        old_count += len(document[at : edit.end])
        new_count += edit.start - at + len(edit.new)
        at = edit.end
    start = first + (1 if old_count else 0)
    new_start = first + shift + (1 if new_count else 0)
    head = f"@@ -{start},{old_count} +{new_start},{new_count} @@"
    return [head, *body], shift + new_count - old_count


def _without_end(
    kept: list[str], taken: list[str], added: list[str], is_behind: bool
) -> tuple[list[str], list[str], list[str]]:
    """Say of the document's last line that no line feed ends it."""
    if is_behind and not taken and not added:
        return ([*kept, NO_END] if kept else kept), taken, added
    if taken:
        taken = [*taken, NO_END]
        return kept, taken, ([*added, NO_END] if added else added)
    # Lines behind the last: that one gets its line feed, and the new last one has none.
    last = kept[-1][1:] if kept else ""
    return kept[:-1], [f"-{last}", NO_END], [f"+{last}", *added, NO_END]
