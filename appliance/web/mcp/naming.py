"""Tools that look a name up: where it is defined, and where it is used."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult
from pydantic import Field

from appliance.accounts.models import TokenRight
from appliance.sources.reading import record_symbol
from appliance.web.mcp.arguments import AtRef, SetName, Sources, narrowed
from appliance.web.mcp.calling import Access, ToolContext, as_caller
from appliance.web.mcp.results import (
    CodeLine,
    Definition,
    DefinitionsResult,
    ReferencesResult,
    Use,
    place_of,
    told,
)
from indexer.retrieval.symbols import Definitions, Uses, as_symbol, definitions_of, uses_of

MOST_NAMES = 50

Symbol = Annotated[
    str, Field(max_length=200, description="A name as it is spelled: add_item, Cart.add_item.")
]


async def definitions(
    context: ToolContext,
    name: Symbol,
    sources: Sources = [],  # noqa: B006  never changed; a schema's default
    ref: AtRef = "",
    set: SetName = "",
    limit: Annotated[int, Field(ge=1, le=MOST_NAMES)] = 20,
) -> Annotated[CallToolResult, DefinitionsResult]:
    """Find where a function, class, method or constant is defined."""

    def work(access: Access) -> DefinitionsResult:
        found = _definitions(access, name, sources, (ref, set), limit)
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
    access: Access, name: str, sources: list[str], place: tuple[str, str], limit: int
) -> Definitions:
    symbol = _symbol(name)
    within, refs = narrowed(access, sources, *place)
    return definitions_of(symbol, scope=within.scope, source_names=sources, refs=refs, limit=limit)


async def references(
    context: ToolContext,
    name: Symbol,
    sources: Sources = [],  # noqa: B006  never changed; a schema's default
    ref: AtRef = "",
    set: SetName = "",
    limit: Annotated[int, Field(ge=1, le=MOST_NAMES, description="Files at most.")] = 20,
    offset: Annotated[int, Field(ge=0, le=10_000, description="Files to leave out first.")] = 0,
) -> Annotated[CallToolResult, ReferencesResult]:
    """Find the files that use a name, by its spelling, with the first lines that do."""

    def work(access: Access) -> ReferencesResult:
        within, refs = narrowed(access, sources, ref, set)
        found = uses_of(
            _symbol(name),
            scope=within.scope,
            source_names=sources,
            refs=refs,
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
