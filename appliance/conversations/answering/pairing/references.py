"""The action "references": where a name is defined and used; any other text is looked for as it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from appliance.conversations.answering.pairing.outcomes import Outcome, of_files
from appliance.conversations.answering.pairing.plans import Plan
from appliance.conversations.answering.pairing.reach import Reach, Text, note
from appliance.conversations.answering.steps import FoundLines, Kind
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.query import CodeQuery, Filter
from indexer.codesearch.search import search_code
from indexer.retrieval.locating import LocatedDocument
from indexer.retrieval.symbols import as_symbol, definitions_of, uses_of
from indexer.spans import Span

MOST_DEFINITIONS = 3
MOST_FILES = 8
LINES_PER_FILE = 2
GROWN_LINES = 40  # a use is shown with the definition around it, when that is not longer
AROUND_LINES = 4
DEFINITION_SCORE, USE_SCORE = 0.85, 0.7
SECONDS = 3.0  # for looking through texts
MOST_LINES = 60

Uses = dict[tuple[str, str], tuple[int, ...]]  # source and path, the lines


def references(plan: Plan, reach: Reach, seconds: float) -> Outcome:
    """Look up a name; `seconds` bounds the search through texts when it is none."""
    asked = plan.text.strip("`\"' ")
    name = as_symbol(asked)
    title = f"Looked for uses of {asked}"
    found = [*_definitions(name, reach), *_uses(name, reach)] if name else []
    if not found:
        lines = _lines_with(asked, reach, min(SECONDS, seconds))
        found = _places(lines, {}, reach)
    return Outcome(Kind.REFERENCES, title, of_files(found), tuple(found))


def _definitions(name: str, reach: Reach) -> list[FoundLines]:
    defined = definitions_of(
        name,
        scope=reach.scope,
        source_names=reach.source_names,
        refs=reach.refs,
        limit=MOST_DEFINITIONS,
    )
    documents = reach.documents_of([(one.source, one.path) for one in defined.hits])
    by_place = {(one.source, one.path): one for one in documents}
    return [
        _found(
            by_place[hit.source, hit.path], hit.span, hit.qualified, hit.signature, DEFINITION_SCORE
        )
        for hit in defined.hits
        if (hit.source, hit.path) in by_place
    ]


def _uses(name: str, reach: Reach) -> list[FoundLines]:
    used = uses_of(
        name, scope=reach.scope, source_names=reach.source_names, refs=reach.refs, limit=MOST_FILES
    )
    lines = {(one.source, one.path): tuple(at for at, _ in one.lines) for one in used.hits}
    notes = {(one.source, one.path, at): text for one in used.hits for at, text in one.lines}
    return _places(lines, notes, reach)


def _lines_with(text: str, reach: Reach, seconds: float) -> Uses:
    """Return the lines that hold a text, letter for letter."""
    filters = [Filter("ref", ref) for ref in reach.refs]
    if reach.source_names:
        names = "|".join(re.escape(name) for name in reach.source_names)
        filters.append(Filter("repo", f"^({names})$"))
    try:
        query = CodeQuery(text, is_regex=False, filters=tuple(filters))
        result = search_code(query, scope=reach.scope, seconds=seconds, max_lines=MOST_LINES)
    except QueryRefused:
        return {}
    files = result.files[:MOST_FILES]
    return {(file.source, file.path): tuple(one.line for one in file.lines) for file in files}


def _places(uses: Uses, notes: dict[tuple[str, str, int], str], reach: Reach) -> list[FoundLines]:
    """Return each use with what is around it, the first lines of each document."""
    found: list[FoundLines] = []
    for document in reach.documents_of(list(uses)):
        text = Text.of(document.blob_id)
        if text is None:
            continue
        place = (document.source, document.path)
        for line in _spread(uses[place]):
            if line <= len(text.lines):
                said = notes.get((*place, line), text.lines[line - 1])
                span, symbol = _grown(text, line)
                score = USE_SCORE / (1 + 0.1 * len(found))
                found.append(_found(document, span, symbol, said, score))
    return found


def _spread(lines: Sequence[int]) -> Collection[int]:
    """Return the first lines that are not next to each other."""
    kept: list[int] = []
    for line in lines:
        if not kept or line - kept[-1] > AROUND_LINES:
            kept.append(line)
    return kept[:LINES_PER_FILE]


def _grown(text: Text, line: int) -> tuple[Span, str]:
    around = text.around(Span(line, line), GROWN_LINES)
    if around:
        return around.span, around.qualified
    span = text.clipped(max(1, line - AROUND_LINES), line + AROUND_LINES)
    return span or Span(line, line), ""


def _found(
    document: LocatedDocument, span: Span, symbol: str, said: str, score: float
) -> FoundLines:
    return FoundLines(
        document.source_id,
        document.source,
        document.path,
        document.commit,
        document.blob_id,
        span,
        round(score, 4),
        symbol,
        note(said),
        legs=("references",),
    )
