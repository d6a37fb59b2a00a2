"""Reading: who one is, the sources, search, code search and symbols."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

from django.db import DatabaseError
from ninja import Query as FromQuery
from ninja import Router
from pydantic import Field

from appliance.accounts.bearer import TokenRequest
from appliance.sources.access import names_in, scope_of_token
from appliance.sources.grounds import Grounds
from appliance.sources.reading import record_code_search, record_hits, record_symbol
from appliance.sources.sets.access import set_names
from appliance.web.api.errors import Refused
from appliance.web.api.narrowing import narrowed
from appliance.web.api.paging import cursor_of, number_in
from appliance.web.api.rights import READ
from appliance.web.api.schemas import (
    CodeOut,
    MeOut,
    Name,
    Query,
    RefName,
    SearchOut,
    SetName,
    SymbolsOut,
)
from indexer.codesearch.certificate import CodeResult
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.query import as_of_refs, read_query
from indexer.codesearch.search import search_code
from indexer.retrieval.search import search
from indexer.retrieval.symbols import DefinitionHit, UseHit, as_symbol, definitions_of, uses_of

logger = logging.getLogger(__name__)
router = Router(tags=["Reading"], auth=READ)

MOST_HITS = 100
# Called as the library means it; for the type checker it is an alias of a type.
in_query: Any = FromQuery
NAMES: Any = in_query(
    [], max_length=50, description="Only these sources; may be repeated. None: all that it reads."
)
MOST_LINES = 1000
REF: Any = in_query("", description="A branch or tag; empty: each source's default.")
SET: Any = in_query("", description="A set of sources, by the name that its person picks it.")
CURSOR: Any = in_query("", description="The `next` of the answer before; empty: from the first.")


def most(count: int) -> Any:
    """Return how many are given when a request does not say."""
    return in_query(count, description="At most so many.")


@router.get("/me", response=MeOut, url_name="api_me", summary="Whose token this is")
def me(request: TokenRequest) -> dict[str, Any]:
    """Say whose token this is, what it may do, and which sources it reads."""
    token = request.token
    return {
        "user": request.user.get_username(),
        "token": {
            "name": token.name,
            "prefix": token.prefix,
            "rights": token.rights,
            "expires_at": token.expires_at,
        },
        "sources": names_in(scope_of_token(token)),
        "sets": set_names(request.user),
    }


@router.get("/search", response=SearchOut, url_name="api_search", summary="Search")
def search_hits(
    request: TokenRequest,
    q: Query,
    source: list[Name] = NAMES,
    ref: RefName = REF,
    set: SetName = SET,
    limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = most(20),
) -> dict[str, Any]:
    """Search by words and by meaning, as the search page does: best hits first."""
    narrowing = narrowed(request.token, source, ref, set)
    with _working():
        result = search(
            q, scope=narrowing.scope, source_names=narrowing.names, refs=narrowing.refs, limit=limit
        )
    record_hits(q, result.hits, Grounds.of(request.user), request.user.get_username())
    return {
        "hits": [
            {**hit.to_json(), "kind": hit.kind, "language": hit.language, "text": hit.text}
            for hit in result.hits
        ]
    }


@contextmanager
def _working() -> Iterator[None]:
    try:
        yield
    except DatabaseError:
        logger.exception("search failed")
        raise Refused(503, "The search does not work at the moment. Try again.") from None


@router.get("/code", response=CodeOut, url_name="api_code", summary="Search code exactly")
def code(
    request: TokenRequest,
    q: Query,
    set: SetName = SET,
    limit: Annotated[int, Field(ge=1, le=MOST_LINES)] = most(200),
) -> dict[str, Any]:
    """Find every line with an exact text or a /regular expression/, and say what was searched.

    The query takes the filters of the code search page: `source:`, `path:`, `lang:`, `ref:`.
    """
    within = narrowed(request.token, source_set=set)
    try:
        query = as_of_refs(read_query(q), within.refs)
        with _working():
            result = search_code(query, scope=within.scope, max_lines=limit)
    except QueryRefused as exc:
        raise Refused(422, str(exc), code="query") from None
    record_code_search(q, result, Grounds.of(request.user))
    return _code(result)


def _code(result: CodeResult) -> dict[str, Any]:
    return {
        "files": [
            {
                **asdict(file),
                "lines": [
                    {
                        "number": line.line,
                        "text": line.text,
                        "columns": [list(span) for span in line.spans],
                        "is_cut": line.is_cut,
                    }
                    for line in file.lines
                ],
            }
            for file in result.files
        ],
        "total": result.line_count,
        "complete": result.certificate.is_complete,
        "certificate": result.to_json()["certificate"],
    }


@router.get("/symbols", response=SymbolsOut, url_name="api_symbols", summary="Definitions and uses")
def symbols(
    request: TokenRequest,
    name: Query,
    source: list[Name] = NAMES,
    ref: RefName = REF,
    set: SetName = SET,
    cursor: Annotated[str, Field(max_length=100)] = CURSOR,
    limit: Annotated[int, Field(ge=1, le=100)] = most(30),
) -> dict[str, Any]:
    """Say where a name is defined and which files use it, exactly as it is spelled."""
    symbol = as_symbol(name)
    if not symbol:
        raise Refused(422, "name: this is not the name of anything in code.", code="name")
    first = number_in(cursor)
    narrowing = narrowed(request.token, source, ref, set)
    asked: dict[str, Any] = {
        "scope": narrowing.scope,
        "source_names": narrowing.names,
        "refs": narrowing.refs,
        "limit": limit,
        "offset": first,
    }
    with _working():
        definitions, uses = definitions_of(symbol, **asked), uses_of(symbol, **asked)
    record_symbol(symbol, definitions, uses, Grounds.of(request.user))
    is_last = first + limit >= max(definitions.total, uses.total)
    return {
        "name": symbol,
        "definitions": map(_definition, definitions.hits),
        "uses": map(_use, uses.hits),
        "totals": {"definitions": definitions.total, "uses": uses.total},
        "next": None if is_last else cursor_of(str(first + limit)),
    }


def _definition(hit: DefinitionHit) -> dict[str, Any]:
    return {
        "source": hit.source,
        "path": hit.path,
        "commit": hit.commit,
        "name": hit.qualified,
        "kind": hit.kind,
        "first_line": hit.span.start_line,
        "last_line": hit.span.end_line,
        "signature": hit.signature,
    }


def _use(hit: UseHit) -> dict[str, Any]:
    return {
        "source": hit.source,
        "path": hit.path,
        "commit": hit.commit,
        "count": hit.line_count,
        "lines": [{"number": number, "text": text} for number, text in hit.lines],
    }
