"""What several tools take: sources, a set, a ref, a query; read alike and refused alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from appliance.sources.asof import NotThere, refs_among
from appliance.sources.sets.picking import picked
from appliance.web.mcp.calling import Access

LONGEST_QUERY = 2000

Sources = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(max_length=100, description="Names of sources to look in; none: all that may be read."),
]
SetName = Annotated[
    str,
    Field(
        max_length=100,
        description="A set of sources, by a name that list_sources gives; empty: none.",
    ),
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


def narrowed(
    access: Access, names: list[str], ref: str, source_set: str = ""
) -> tuple[Access, tuple[str, ...]]:
    """Return the access within a set, and the ref to look at; what may not be read is refused
    as what is not there."""
    found = picked(access.user, access.scope, source_set)
    if found.sentence:
        raise ToolError(found.sentence)
    try:
        refs = refs_among(found.scope, names, ref or found.ref)
    except NotThere as exc:
        raise ToolError(str(exc)) from None
    return replace(access, scope=found.scope), refs
