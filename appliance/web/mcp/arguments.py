"""What several tools take: sources, a ref, a query; read alike and refused alike."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from appliance.sources.asof import as_of
from appliance.web.mcp.calling import Access
from indexer.models import Source

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


def refs_of(access: Access, names: list[str], ref: str) -> list[str]:
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
