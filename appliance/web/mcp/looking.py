"""Tools that look for something: by meaning, and by its exact text."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult
from pydantic import Field

from appliance.accounts.models import TokenRight
from appliance.sources.reading import record_code_search, record_hits
from appliance.web.mcp.arguments import LONGEST_QUERY, AtRef, SetName, Sources, cleaned, narrowed
from appliance.web.mcp.calling import Access, ToolContext, as_caller
from appliance.web.mcp.results import (
    CodeFile,
    CodeLine,
    CodeResult,
    Found,
    SearchResult,
    fenced,
    place_of,
    told,
)
from indexer.codesearch import certificate as certified
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.query import as_of_refs, read_query
from indexer.codesearch.search import search_code as find_lines
from indexer.retrieval.search import search as find_pieces

MOST_HITS = 30
MOST_LINES = 200


async def search(
    context: ToolContext,
    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)],
    sources: Sources = [],  # noqa: B006  never changed; a schema's default
    ref: AtRef = "",
    set: SetName = "",
    limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 10,
) -> Annotated[CallToolResult, SearchResult]:
    """Find pieces of code and documents by meaning and by words: questions, names, error texts."""

    def work(access: Access) -> SearchResult:
        within, refs = narrowed(access, sources, ref, set)
        result = find_pieces(
            cleaned(query), scope=within.scope, source_names=sources, refs=refs, limit=limit
        )
        record_hits(query, result.hits, access.grounds())
        hits = [
            Found(
                place_of(
                    access.base_url,
                    hit.source,
                    hit.path,
                    hit.commit,
                    (hit.span.start_line, hit.span.end_line),
                ),
                hit.symbol,
                round(hit.score, 4),
                hit.text,
            )
            for hit in result.hits
        ]
        return SearchResult(hits, "vector" in result.legs)

    result = await as_caller(context, TokenRight.READ, work)
    parts = [f"{hit.place}\n{fenced(hit.text)}" for hit in result.hits]
    return told("\n\n".join(parts) or "Nothing was found.", result)


async def search_code(
    context: ToolContext,
    query: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST_QUERY,
            description="An exact text, or a regular expression (RE2) between slashes: /add_\\w+/."
            " Several with AND, OR, NOT (in capitals) and parentheses choose files: open( AND NOT"
            " close(. Filters may stand beside it: repo: path: lang: ref: symbol: case:no, and -path: for"
            " the opposite.",
        ),
    ],
    set: SetName = "",
    limit: Annotated[int, Field(ge=1, le=MOST_LINES, description="Lines at most.")] = 100,
) -> Annotated[CallToolResult, CodeResult]:
    """Find every line with an exact text or pattern, with a certificate of what was searched."""

    def work(access: Access) -> CodeResult:
        within, refs = narrowed(access, [], "", set)
        try:
            asked = as_of_refs(read_query(cleaned(query)), refs)
            found = find_lines(asked, scope=within.scope, max_lines=limit)
        except QueryRefused as exc:
            raise ToolError(str(exc)) from None
        record_code_search(query, found, access.grounds())
        files = [_code_file(access, file) for file in found.files]
        return CodeResult(files, found.line_count, found.to_json()["certificate"])

    result = await as_caller(context, TokenRight.READ, work)
    lines = [
        f"{file.source}:{file.path}:{line.number}: {line.text}"
        for file in result.files
        for line in file.lines
    ]
    return told("\n".join([*lines, _certificate(result)]), result)


def _code_file(access: Access, file: certified.FileMatches) -> CodeFile:
    first = file.lines[0].line
    place = place_of(access.base_url, file.source, file.path, file.commit, (first, first))
    lines = [CodeLine(line.line, line.text) for line in file.lines]
    return CodeFile(file.source, file.path, file.commit, list(file.refs), place.url, lines)


def _certificate(result: CodeResult) -> str:
    said = result.certificate
    whole = "All of it was searched." if said["complete"] else "NOT all of it was searched."
    where = f"{said['files_searched']} files in {len(said['refs'])} branches"
    return f"{result.lines_found} lines in {len(result.files)} files, of {where}. {whole}"
