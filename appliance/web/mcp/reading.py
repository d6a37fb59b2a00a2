"""Tools that read: a file at a commit, the commits of a file, the list of sources."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult
from pydantic import Field

from appliance.accounts.models import TokenRight
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.sources.access import OpenedDocument, get_document, get_source, sources_in
from appliance.sources.commits import history_of
from appliance.sources.overview import overviews_of
from appliance.sources.sets.access import set_names
from appliance.web.mcp.calling import Access, ToolContext, as_caller
from appliance.web.mcp.results import (
    Change,
    FileResult,
    HistoryResult,
    SourceLine,
    SourcesResult,
    place_of,
    told,
)
from indexer.models import Ref

MOST_LINES = 1000  # of one call
MOST_LETTERS = 60_000
MOST_COMMITS = 100
LAST_LINE = 10**9

SourceName = Annotated[str, Field(min_length=1, max_length=200, description="Name of the source.")]
FilePath = Annotated[str, Field(min_length=1, max_length=4096, description="src/shop/cart.py")]


async def read_file(
    context: ToolContext,
    source: SourceName,
    path: FilePath,
    commit: Annotated[
        str, Field(max_length=250, description="A commit, branch or tag; empty: the default.")
    ] = "",
    first_line: Annotated[int, Field(ge=1, le=LAST_LINE)] = 1,
    last_line: Annotated[int | None, Field(ge=1, le=LAST_LINE)] = None,
) -> Annotated[CallToolResult, FileResult]:
    """Read lines of a file as it stands at a commit; secrets in it are masked."""
    if last_line is not None and last_line < first_line:
        raise ToolError("The last line comes before the first.")

    def work(access: Access) -> FileResult:
        at = commit or _default_ref(access, source)
        document = get_document(access.scope, source, at, path.strip("/"))
        if first_line > max(document.line_count, 1):
            raise ToolError(f"The file has {document.line_count} lines.")
        result = _cut(access, document, first_line, last_line or LAST_LINE)
        _record(access, document, result)
        return result

    result = await as_caller(context, TokenRight.READ, work)
    more = f"\n… goes on at line {result.next_line}" if result.next_line else ""
    numbered = "\n".join(
        f"{number}\t{line}"
        for number, line in enumerate(result.text.split("\n"), start=result.place.first_line)
    )
    return told(f"{result.place} of {result.total_lines} lines\n{numbered}{more}", result)


def _default_ref(access: Access, name: str) -> str:
    ref = get_source(access.scope, name).refs.filter(is_default=True).first()
    if ref is None:
        raise Http404
    return str(ref.name)


def _cut(access: Access, document: OpenedDocument, first: int, last: int) -> FileResult:
    """Return the lines asked for, as many as one call gives."""
    lines = document.text.split("\n")[: document.line_count]
    kept: list[str] = []
    left = MOST_LETTERS
    for line in lines[first - 1 : min(last, first - 1 + MOST_LINES)]:
        left -= len(line) + 1
        if left < 0 and kept:
            break
        kept.append(line[:MOST_LETTERS])
    end = first - 1 + len(kept)
    place = place_of(
        access.base_url, document.source.name, document.path, document.commit, (first, end)
    )
    is_cut = end < min(last, len(lines))
    return FileResult(
        place,
        document.language,
        document.line_count,
        "\n".join(kept),
        document.is_live,
        end + 1 if is_cut else None,
    )


def _record(access: Access, document: OpenedDocument, result: FileResult) -> None:
    source, place = document.source.name, result.place
    shown = access.grounds().lines(
        source, document.path, place.first_line, place.last_line, document.commit
    )
    target = Target("file", str(document.source.pk), f"{source}:{document.path}")
    record(Action.FILE_READ, target=target, details={"source": source}, shown=[shown])


async def history(
    context: ToolContext,
    source: SourceName,
    path: FilePath,
    limit: Annotated[int, Field(ge=1, le=MOST_COMMITS)] = 20,
    offset: Annotated[int, Field(ge=0, le=20_000, description="Commits to leave out first.")] = 0,
) -> Annotated[CallToolResult, HistoryResult]:
    """See which commits of the default branch changed a file, newest first."""

    def work(access: Access) -> HistoryResult:
        found = history_of(access.scope, source, path.strip("/"), limit=limit, offset=offset)
        changes = [
            Change(one.commit, one.at.isoformat(), one.author, one.message) for one in found.commits
        ]
        return HistoryResult(source, path.strip("/"), changes, found.has_more)

    result = await as_caller(context, TokenRight.READ, work)
    lines = [
        f"{one.commit[:12]} {one.at[:10]} {one.author}: {one.message.strip().partition(chr(10))[0]}"
        for one in result.commits
    ]
    return told("\n".join(lines) or "No stored commit changed this file.", result)


async def list_sources(context: ToolContext) -> Annotated[CallToolResult, SourcesResult]:
    """List the repositories and documents that may be read, with their branches and state."""

    def work(access: Access) -> SourcesResult:
        sources = sources_in(access.scope)
        refs: dict[str, list[str]] = {}
        rows = Ref.objects.filter(source__in=sources).order_by("-is_default", "name")
        for name, ref in rows.values_list("source__name", "name"):
            refs.setdefault(name, []).append(ref)
        return SourcesResult(
            [
                SourceLine(
                    one.name,
                    one.kind,
                    one.label,
                    one.ref_name,
                    one.commit,
                    refs.get(one.name, []),
                    one.checked_at.isoformat() if one.checked_at else None,
                )
                for one in overviews_of(sources)
            ],
            set_names(access.user),
        )

    result = await as_caller(context, TokenRight.READ, work)
    lines = [
        f"{one.name} ({one.kind}, {one.state}): {one.default_ref} @{one.commit[:12]}"
        for one in result.sources
    ]
    if result.sets:
        lines.append(f"Sets: {', '.join(result.sets)}")
    return told("\n".join(lines) or "This token may read no source.", result)
