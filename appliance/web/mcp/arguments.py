"""What several tools take: sources, a ref, a query; read alike and refused alike."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from appliance.sources.asof import NotThere, refs_among
from appliance.web.mcp.calling import Access

LONGEST_QUERY = 2000

Sources = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(max_length=100, description="Names of sources to look in; none: all that may be read."),
]
AtRef = Annotated[
    str, Field(max_length=250, description="A branch or tag; empty: each source's default.")
]


def cleaned(query: str) -> str:
    """Return what is looked for; PostgreSQL refuses to look for a NUL."""
    query = query.strip()
    if "\0" in query or not query:
        raise ToolError("Write what is looked for, without NUL characters.")
    return query


def refs_of(access: Access, names: list[str], ref: str) -> tuple[str, ...]:
    """Return the ref to look at, when these sources may be read and have it."""
    try:
        return refs_among(access.scope, names, ref)
    except NotThere as exc:
        raise ToolError(str(exc)) from None
