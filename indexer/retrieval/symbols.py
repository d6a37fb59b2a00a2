"""Where a name is defined and used, behind the same wall as search."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from indexer.retrieval.queries import DEFINITIONS, USES, rows_of
from indexer.retrieval.search import visibility_of
from indexer.scope import Scope
from indexer.spans import Span

# One name, or names joined as languages join them: invoke, Command.invoke, shop::cart::total.
SYMBOL = re.compile(r"[^\W\d]\w*(?:(?:\.|::|#|->)[^\W\d]\w*)*")
SEPARATOR = re.compile(r"\.|::|#|->")
MAX_SYMBOL = 200
SHOWN_LINES = 5  # of one document that uses a name


@dataclass(frozen=True, slots=True)
class DefinitionHit:
    source: str
    path: str
    commit: str
    qualified: str
    kind: str
    span: Span
    signature: str


@dataclass(frozen=True, slots=True)
class UseHit:
    """A document that uses a name, with the first lines that do."""

    source: str
    path: str
    commit: str
    line_count: int
    lines: tuple[tuple[int, str], ...]  # number and text


@dataclass(frozen=True, slots=True)
class Definitions:
    hits: tuple[DefinitionHit, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Uses:
    hits: tuple[UseHit, ...]
    total: int  # documents


def as_symbol(query: str) -> str:
    """Return the query when it is the name of something, else an empty text."""
    query = query.strip().removesuffix("()")
    return query if len(query) <= MAX_SYMBOL and SYMBOL.fullmatch(query) else ""


def definitions_of(
    symbol: str,
    *,
    scope: Scope,
    source_names: Collection[str] = (),
    refs: Sequence[str] = (),
    limit: int = 50,
    offset: int = 0,
) -> Definitions:
    """Return where the scope's documents define a name, plain or qualified: exactly as spelled."""
    name = SEPARATOR.split(symbol)[-1]
    is_qualified = name != symbol
    parameters = {
        "name": name,
        "qualified": symbol if is_qualified else "",
        "qualified_pattern": re.sub(r"([\\%_])", r"\\\1", symbol),
        "limit": limit,
        "offset": offset,
    }
    visibility = visibility_of(scope, source_names, refs)
    rows = rows_of(DEFINITIONS, visibility, parameters)
    hits = tuple(
        DefinitionHit(source, path, commit, qualified, kind, Span(start, end), signature)
        for source, path, commit, qualified, kind, start, end, signature, _ in rows
    )
    return Definitions(hits, int(rows[0][-1]) if rows else 0)


def uses_of(
    symbol: str,
    *,
    scope: Scope,
    source_names: Collection[str] = (),
    refs: Sequence[str] = (),
    limit: int = 50,
    offset: int = 0,
) -> Uses:
    """Return the scope's documents that use a name, by its last part: a spelling, not a binding."""
    name = SEPARATOR.split(symbol)[-1]
    visibility = visibility_of(scope, source_names, refs)
    parameters = {"name": name, "limit": limit, "offset": offset}
    rows = rows_of(USES, visibility, parameters)
    hits = tuple(
        UseHit(source, path, commit, len(lines), _shown(lines, text))
        for source, path, commit, lines, text, _ in rows
    )
    return Uses(hits, int(rows[0][-1]) if rows else 0)


def _shown(lines: Sequence[int], text: str) -> tuple[tuple[int, str], ...]:
    whole = text.split("\n")
    return tuple((line, whole[line - 1]) for line in lines[:SHOWN_LINES] if line <= len(whole))
