"""The sources that a token reads, with their refs and how fresh they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from appliance.accounts.bearer import TokenRequest
from appliance.sources.access import get_source, scope_of_token, sources_in
from appliance.sources.overview import overviews_of
from appliance.web.api.paging import cursor_of, place_of
from appliance.web.api.rights import READ
from appliance.web.api.schemas import SourceOut, SourcePage
from indexer.models import Source

router = Router(tags=["Reading"], auth=READ)


@router.get("/sources", response=SourcePage, url_name="api_sources", summary="The sources")
def source_list(
    request: TokenRequest,
    cursor: Annotated[str, Field(max_length=400)] = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """List what this token reads, by name."""
    readable = sources_in(scope_of_token(request.token))
    after = readable.filter(name__gt=place_of(cursor)).order_by("name")
    rows = list(after[: limit + 1])
    shown = rows[:limit]
    more = cursor_of(shown[-1].name) if len(rows) > limit else None
    return {"items": _described(shown), "next": more}


@router.get("/sources/{name}", response=SourceOut, url_name="api_source", summary="One source")
def source(request: TokenRequest, name: str) -> dict[str, Any]:
    """Show one source."""
    found = get_source(scope_of_token(request.token), name)
    [described] = _described([found])
    return described


def _described(sources: Iterable[Source]) -> list[dict[str, Any]]:
    chosen = Source.objects.filter(pk__in=[one.pk for one in sources]).order_by("name")
    rows = {row.name: row for row in chosen.prefetch_related("refs")}
    return [
        {
            "name": overview.name,
            "kind": rows[overview.name].kind,
            "state": overview.state,
            "label": overview.label,
            "refs": sorted(
                rows[overview.name].refs.all(), key=lambda ref: (not ref.is_default, ref.name)
            ),
            "commit": overview.commit,
            "fresh_at": overview.checked_at,
        }
        for overview in overviews_of(chosen)
        if overview.name in rows  # it may be removed meanwhile
    ]
