"""Tools that look for something: by meaning, by its exact text, by its name."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult
from pydantic import Field

from appliance.accounts.models import TokenRight
from appliance.sources.asof import as_of
from appliance.sources.reading import record_code_search, record_hits, record_symbol
from appliance.web.mcp.calling import Access, ToolContext, as_caller
from appliance.web.mcp.results import (
    CodeFile,
    CodeLine,
    CodeResult,
    Definition,
    DefinitionsResult,
    Found,
    ReferencesResult,
    SearchResult,
    Use,
    fenced,
    place_of,
    told,
)
from indexer.codesearch import certificate as certified
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.query import read_query
from indexer.codesearch.search import search_code as find_lines
from indexer.models import Source
from indexer.retrieval.search import search as find_pieces
from indexer.retrieval.symbols import Definitions, Uses, as_symbol, definitions_of, uses_of

LONGEST_QUERY = 2000
MOST_HITS = 30
MOST_LINES = 200
MOST_NAMES = 50

Sources = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(max_length=100, description="Names of sources to look in; none: all that may be read."),
]
AtRef = Annotated[
    str, Field(max_length=250, description="A branch or tag; empty: each source's default.")
]
Symbol = Annotated[
    str, Field(max_length=200, description="A name as it is spelled: add_item, Cart.add_item.")
]


async def search(
    context: ToolContext,
    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)],
    sources: Sources = [],  # noqa: B006  never changed; a schema's default
    ref: AtRef = "",
    limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 10,
) -> Annotated[CallToolResult, SearchResult]:
    """Find pieces of code and documents by meaning and by words: questions, names, error texts."""

    def work(access: Access) -> SearchResult:
        refs = _refs(access, sources, ref)
        result = find_pieces(
            _clean(query), scope=access.scope, source_names=sources, refs=refs, limit=limit
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
            " Filters may stand beside it: repo: path: lang: ref: symbol: case:no, and -path: for"
            " the opposite.",
        ),
    ],
    limit: Annotated[int, Field(ge=1, le=MOST_LINES, description="Lines at most.")] = 100,
) -> Annotated[CallToolResult, CodeResult]:
    """Find every line with an exact text or pattern, with a certificate of what was searched."""

    def work(access: Access) -> CodeResult:
        try:
            found = find_lines(read_query(_clean(query)), scope=access.scope, max_lines=limit)
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


async def definitions(
    context: ToolContext,
    name: Symbol,
    sources: Sources = [],  # noqa: B006  never changed; a schema's default
    ref: AtRef = "",
    limit: Annotated[int, Field(ge=1, le=MOST_NAMES)] = 20,
) -> Annotated[CallToolResult, DefinitionsResult]:
    """Find where a function, class, method or constant is defined."""

    def work(access: Access) -> DefinitionsResult:
        found = _definitions(access, name, sources, ref, limit)
        record_symbol(name, found, Uses((), 0), access.grounds())
        hits = [
            Definition(
                hit.qualified,
                hit.kind,
                hit.signature,
                place_of(
                    access.base_url,
                    hit.source,
                    hit.path,
                    hit.commit,
                    (hit.span.start_line, hit.span.end_line),
                ),
            )
            for hit in found.hits
        ]
        return DefinitionsResult(hits, found.total)

    result = await as_caller(context, TokenRight.READ, work)
    lines = [f"{one.place}: {one.kind} {one.signature}" for one in result.definitions]
    return told("\n".join(lines) or f"Nothing of the name {name} is defined here.", result)


def _definitions(
    access: Access, name: str, sources: list[str], ref: str, limit: int
) -> Definitions:
    symbol = _symbol(name)
    refs = _refs(access, sources, ref)
    return definitions_of(symbol, scope=access.scope, source_names=sources, refs=refs, limit=limit)


async def references(
    context: ToolContext,
    name: Symbol,
    sources: Sources = [],  # noqa: B006  never changed; a schema's default
    ref: AtRef = "",
    limit: Annotated[int, Field(ge=1, le=MOST_NAMES, description="Files at most.")] = 20,
    offset: Annotated[int, Field(ge=0, le=10_000, description="Files to leave out first.")] = 0,
) -> Annotated[CallToolResult, ReferencesResult]:
    """Find the files that use a name, by its spelling, with the first lines that do."""

    def work(access: Access) -> ReferencesResult:
        found = uses_of(
            _symbol(name),
            scope=access.scope,
            source_names=sources,
            refs=_refs(access, sources, ref),
            limit=limit,
            offset=offset,
        )
        record_symbol(name, Definitions((), 0), found, access.grounds())
        files = [
            Use(
                place_of(
                    access.base_url,
                    use.source,
                    use.path,
                    use.commit,
                    (use.lines[0][0], use.lines[-1][0]) if use.lines else (1, 1),
                ),
                use.line_count,
                [CodeLine(number, text) for number, text in use.lines],
            )
            for use in found.hits
        ]
        return ReferencesResult(files, found.total)

    result = await as_caller(context, TokenRight.READ, work)
    lines = [
        f"{use.place.source}:{use.place.path}:{line.number}: {line.text}"
        for use in result.files
        for line in use.lines
    ]
    return told("\n".join(lines) or f"Nothing uses the name {name}.", result)


def _symbol(name: str) -> str:
    symbol = as_symbol(name)
    if not symbol:
        raise ToolError("Give a name as it is spelled in code, such as add_item or Cart.add_item.")
    return symbol


def _clean(query: str) -> str:
    """Return what is looked for; PostgreSQL refuses to look for a NUL."""
    query = query.strip()
    if "\0" in query or not query:
        raise ToolError("Write what is looked for, without NUL characters.")
    return query


def _refs(access: Access, names: list[str], ref: str) -> list[str]:
    """Return the ref to look at, when these sources may be read and have it."""
    if any("\0" in name for name in names):
        raise Http404
    readable = Source.objects.filter(pk__in=access.scope.source_ids, name__in=names)
    known = set(readable.values_list("name", flat=True))
    if missing := [name for name in names if name not in known]:
        raise ToolError(f"There is no source {missing[0][:100]!r}.")
    narrowing = as_of(access.scope, names, ref.strip())
    if narrowing.is_unknown:
        raise ToolError(narrowing.sentence)
    return [narrowing.ref] if narrowing.ref else []
