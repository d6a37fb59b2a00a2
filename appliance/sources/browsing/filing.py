"""What the pages of one file have in common: which lines are marked, its parts, what stands around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.safestring import SafeString

from appliance.sources.access import OpenedDocument
from appliance.sources.browsing.crumbs import Crumb, crumbs_of
from appliance.sources.browsing.lines import headings
from appliance.sources.browsing.origin import Origin, origin_of
from appliance.sources.elsewhere import RefOfPath, refs_of_path
from indexer.spans import Span

LINES_PATTERN = re.compile(r"L?(\d{1,9})(?:-L?(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a file, whichever of its views is open."""

    view: str  # the name of the address: file, file_blame, file_history, file_change
    refs: tuple[RefOfPath, ...]
    crumbs: tuple[Crumb, ...]
    lines: str  # those that are marked, as the address has them
    origin: Origin | None = None  # where the file stands on its code host


def frame_of(document: OpenedDocument, view: str, marked: Span | None = None) -> Frame:
    refs = refs_of_path(document.source, document.path)
    origin = origin_of(document, marked)
    return Frame(view, refs, crumbs_of(document.path), lines_value(marked), origin)


def marked_span(text: str, line_count: int) -> Span | None:
    """Return the lines asked for as far as the file has them, None for anything else."""
    match = LINES_PATTERN.fullmatch(text)
    if not match:
        return None
    first = int(match[1])
    last = min(int(match[2] or first), line_count)
    return Span(first, last) if 1 <= first <= last else None


def lines_value(span: Span | None) -> str:
    """Write a span as the address has it: 10-24, or 10 for one line."""
    if span is None:
        return ""
    if span.start_line == span.end_line:
        return str(span.start_line)
    return f"{span.start_line}-{span.end_line}"


def places_above(document: OpenedDocument) -> dict[int, SafeString]:
    """Return the headings of the parts of an extracted document, by line."""
    return headings((line, anchor_of(kind, label), label) for line, kind, label in document.places)


def anchor_of(kind: str, label: str) -> str:
    """Return the anchor of a place: "page-12" for page 12, whatever its bookmark."""
    number = re.search(r"\d+", label)
    return f"{kind}-{number[0]}" if number else kind
