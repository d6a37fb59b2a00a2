"""Records what people search for and open, with the lines that they are shown by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from appliance.audit.actions import Action
from appliance.audit.policy import told
from appliance.audit.recording import Lines, Target, record
from appliance.sources.access import OpenedDocument
from appliance.sources.grounds import Grounds
from appliance.sources.results import ResultDocument
from indexer.codesearch.certificate import CodeResult
from indexer.fetching.differing import DiffLine
from indexer.history.paths import Change, PathCommit
from indexer.retrieval.hits import Hit
from indexer.retrieval.symbols import Definitions, Uses
from indexer.spans import Span


def record_search(
    query: str,
    documents: Sequence[ResultDocument],
    definitions: Definitions | None,
    *,
    grounds: Grounds,
    page: int = 1,
    sources: Sequence[str] = (),
    ref: str = "",
) -> None:
    """Record a search of the page, with the lines of each result that it shows."""
    shown = [
        lines
        for document in documents
        for lines in grounds.of_numbers(
            document.source,
            document.path,
            document.commit,
            (line.number for hit in document.hits for line in hit.lines),
        )
    ]
    shown += _definitions(definitions, grounds)
    details = {**told(query), "page": page, "sources": list(sources), "ref": ref}
    record(Action.SEARCHED, target=Target("search"), details=details, shown=shown)


def record_hits(query: str, hits: Iterable[Hit], grounds: Grounds, person: str = "") -> None:
    """Record a search of the command line, made as this person or as the operator."""
    shown = [
        grounds.lines(hit.source, hit.path, hit.span.start_line, hit.span.end_line, hit.commit)
        for hit in hits
    ]
    details = {**told(query), "as": person}
    record(Action.SEARCHED, target=Target("search"), details=details, shown=shown)


def record_code_search(query: str, result: CodeResult, grounds: Grounds) -> None:
    shown = [
        lines
        for file in result.files
        for lines in grounds.of_numbers(
            file.source, file.path, file.commit, (line.line for line in file.lines)
        )
    ]
    details = {**told(query), "files": len(result.files), "lines": result.line_count}
    record(Action.CODE_SEARCHED, target=Target("code search"), details=details, shown=shown)


def record_symbol(name: str, definitions: Definitions, uses: Uses, grounds: Grounds) -> None:
    shown = _definitions(definitions, grounds)
    for use in uses.hits:
        numbers = (number for number, _ in use.lines)
        shown += grounds.of_numbers(use.source, use.path, use.commit, numbers)
    record(Action.SYMBOL_READ, target=Target("symbol"), details=told(name), shown=shown)


def _definitions(definitions: Definitions | None, grounds: Grounds) -> list[Lines]:
    """Return the lines with the signatures: of a definition the list shows no more."""
    hits = definitions.hits if definitions else ()
    return [
        grounds.lines(hit.source, hit.path, hit.span.start_line, hit.span.start_line, hit.commit)
        for hit in hits
    ]


def record_file(
    document: OpenedDocument, grounds: Grounds, *, view: str = "", span: Span | None = None
) -> None:
    """Record that somebody is shown a file; `view` says how, when not as its page.

    With a span only these lines of it were shown.
    """
    source = document.source.name
    first, last = (span.start_line, span.end_line) if span else (1, document.line_count)
    shown = grounds.lines(source, document.path, first, last, document.commit)
    details = {"source": source, **({"view": view} if view else {})}
    record(Action.FILE_READ, target=_file(document), details=details, shown=[shown])


def record_change(
    document: OpenedDocument, commit: PathCommit, change: Change, grounds: Grounds
) -> None:
    """Record that somebody is shown what a commit changed in a file, with the lines of both sides.

    Those from before stand under the commit that took them away.
    """
    source = document.source.name
    before = [one.before for one in change.lines if one.kind == "removed" and one.before]
    after = [one.after for one in change.lines if one.after]
    shown = grounds.of_numbers(source, commit.after, commit.oid, after)
    shown += grounds.of_numbers(source, commit.before, commit.oid, before)
    details = {"source": source, "view": "change", "commit": commit.oid}
    record(Action.FILE_READ, target=_file(document), details=details, shown=shown)


def record_difference(
    before: OpenedDocument | None,
    after: OpenedDocument | None,
    lines: Sequence[DiffLine],
    grounds: Grounds,
) -> None:
    """Record that somebody is shown how a file differs between two refs, each side at its commit."""
    document = after or before
    if document is None:
        return
    numbers = (
        (before, [one.before for one in lines if one.before]),
        (after, [one.after for one in lines if one.after]),
    )
    source, path = document.source.name, document.path
    shown = [
        one
        for side, those in numbers
        if side
        for one in grounds.of_numbers(source, path, side.commit, those)
    ]
    details = {"source": source, "view": "compare"}
    record(Action.FILE_READ, target=_file(document), details=details, shown=shown)


def _file(document: OpenedDocument) -> Target:
    name = f"{document.source.name}:{document.path}"
    return Target("file", str(document.source.pk), name)


def record_export(query: str, shown: Sequence[Lines], *, page: str, ending: str, rows: int) -> None:
    """Record that somebody took hits of a search away, with the lines that are in the file."""
    details = {**told(query), "search": page, "format": ending, "rows": rows}
    record(Action.HITS_EXPORTED, target=Target("export"), details=details, shown=shown)
