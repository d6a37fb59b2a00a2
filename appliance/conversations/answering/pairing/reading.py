"""The action "read": lines of a document that was found or named, grown to what they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from appliance.conversations.answering.pairing.ledger import Entry, Ledger
from appliance.conversations.answering.pairing.outcomes import Outcome, of_files
from appliance.conversations.answering.pairing.plans import Plan
from appliance.conversations.answering.pairing.reach import (
    DefinitionLines,
    Reach,
    Text,
    note,
    telling_line,
)
from appliance.conversations.answering.steps import FoundLines, Kind
from indexer.retrieval.locating import LocatedDocument
from indexer.spans import Span

WHOLE_LINES = 120  # a document of so many is read whole; of a longer one a part
AROUND_LINES = 30  # before and after a place whose definition is shown already
MOST_DEFINITIONS = 3  # of one long document
READ_SCORE = 0.95  # what was asked for by its place counts more than most of what was found
NO_SUCH = "There is no such file in what you may read."
# shop/cart.py, shop/cart.py:3-40, shop/cart.py#L3-L40, shop/cart.py lines 3-40
PLACE = re.compile(r"(?P<path>.+?)(?:(?::|#L?|\s+lines?\s+)(?P<first>\d{1,7})(?:-L?(?P<last>\d{1,7}))?)?")  # fmt: skip


def read(plan: Plan, ledger: Ledger, reach: Reach, query: str) -> Outcome:
    """Read what a plan names: an entry of the ledger, or a path with or without lines."""
    named = PLACE.fullmatch(plan.place)
    place = named["path"].strip("`\"' ") if named else plan.place
    entry = ledger.named(place)
    document = _document(entry, place, reach)
    text = Text.of(document.blob_id) if document else None
    if document is None or text is None:
        return Outcome(Kind.READ, f"Looked for {place}", NO_SUCH)
    if named and named["first"]:
        first = int(named["first"])
        wanted = [_grown(text, text.clipped(first, int(named["last"] or first)))]
    elif entry:
        wanted = [_further(text, entry.lines.span)]
    else:
        wanted = _telling(text, f"{plan.text} {query}")
    spans = [span for span in wanted if span]
    if not spans:
        last = len(text.lines)
        title = f"Looked into {document.path}"
        return Outcome(Kind.READ, title, f"It has {last} lines.", about=document)
    found = tuple(_found(document, text, span, query) for span in spans)
    lines = ", ".join(f"{span.start_line}-{span.end_line}" for span in spans)
    return Outcome(Kind.READ, f"Read {document.path}, lines {lines}", of_files(found), found)


def _document(entry: Entry | None, place: str, reach: Reach) -> LocatedDocument | None:
    if entry is None:
        return next(iter(reach.documents([place], limit=1)), None)
    found = entry.lines
    if not reach.scope.allows(found.source_id, found.path):
        return None
    return LocatedDocument(
        place, found.source_id, found.source, found.path, found.commit, found.blob_id, 0
    )


def _grown(text: Text, span: Span | None) -> Span | None:
    """Return the definition around lines, or the lines themselves as far as they may be shown."""
    if span is None:
        return None
    around = text.around(span, WHOLE_LINES)
    return around.span if around else _cut(span)


def _further(text: Text, shown: Span) -> Span | None:
    """Return more than what is shown of a document: all of a short one, else what is around."""
    if len(text.lines) <= WHOLE_LINES:
        return text.clipped(1, len(text.lines))
    around = text.around(shown, WHOLE_LINES)
    if around and around.span != shown:
        return around.span
    wider = text.clipped(max(1, shown.start_line - AROUND_LINES), shown.end_line + AROUND_LINES)
    return _cut(wider) if wider else None


def _telling(text: Text, words: str) -> list[Span | None]:
    """Return the parts of a document that the words name; without any, its beginning."""
    if len(text.lines) <= WHOLE_LINES:
        return [text.clipped(1, len(text.lines))]
    asked = set(re.findall(r"\w{3,}", words))
    named = [one for one in text.definitions if one.name in asked]
    spans: list[Span | None] = [*dict.fromkeys(_cut(one.span) for one in named)]
    return spans[:MOST_DEFINITIONS] or [text.clipped(1, WHOLE_LINES)]


def _cut(span: Span) -> Span:
    return Span(span.start_line, min(span.end_line, span.start_line + WHOLE_LINES - 1))


def _found(document: LocatedDocument, text: Text, span: Span, query: str) -> FoundLines:
    inside = [one for one in text.definitions if span.contains(one.span)]
    exact = next((one for one in inside if one.span == span), None)
    lines = "\n".join(text.lines[span.start_line - 1 : span.end_line])
    return FoundLines(
        document.source_id,
        document.source,
        document.path,
        document.commit,
        document.blob_id,
        span,
        READ_SCORE,
        exact.qualified if exact else "",
        _note(exact, inside, lines, query),
        legs=("read",),
    )


def _note(
    exact: DefinitionLines | None, inside: Iterable[DefinitionLines], lines: str, query: str
) -> str:
    """Return a signature, the names that are defined, or the line nearest to the question."""
    if exact and exact.signature:
        return note(exact.signature)
    names = ", ".join(dict.fromkeys(one.qualified for one in inside))
    if names:
        return note(f"defines {names}")
    return telling_line(lines, re.findall(r"\w{3,}", query.lower()))
