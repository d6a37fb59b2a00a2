"""The shapes of sources, files, searches and symbols, as the OpenAPI document shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, Field


def _storable(text: str) -> str:
    """Refuse what JSON can say and PostgreSQL cannot hold: null, and halves of characters."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("It holds characters that are none.")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Query = Annotated[Text, Field(min_length=1, max_length=2000)]
Name = Annotated[Text, Field(max_length=100)]
SetName = Annotated[
    Text,
    Field(max_length=100, description="A set of sources, by the name that its person picks it."),
]
RefName = Annotated[Text, Field(max_length=250)]


class Problem(Schema):
    """An error: problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, in a sentence.")
    code: str | None = Field(None, description="For programs, where there is one.")


class TokenOut(Schema):
    name: str
    prefix: str
    rights: list[str]
    expires_at: datetime


class MeOut(Schema):
    user: str
    token: TokenOut
    sources: list[str] = Field(description="The names of what this token reads.")
    sets: list[str] = Field(description="The sets of sources that its person may pick.")


class RefOut(Schema):
    name: str
    kind: str
    commit: str
    is_default: bool


class SourceOut(Schema):
    name: str
    kind: str
    state: str = Field(description="ok, busy, warning, failed or off")
    label: str = Field(description="The state in words.")
    refs: list[RefOut]
    commit: str = Field(description="The live commit of the default ref; empty before the first.")
    fresh_at: datetime | None = Field(description="When it was last compared with its origin.")


class SourcePage(Schema):
    items: list[SourceOut]
    next: str | None


class HitOut(Schema):
    source: str
    path: str
    commit: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    language: str
    score: float
    legs: list[str] = Field(description="Which ways of searching found it.")
    text: str


class SearchOut(Schema):
    hits: list[HitOut]


class LineOut(Schema):
    number: int
    text: str


class MatchOut(LineOut):
    columns: list[list[int]] = Field(description="What matched: from and to, counted from 1.")
    is_cut: bool


class CodeFileOut(Schema):
    source: str
    path: str
    commit: str
    refs: list[str]
    language: str
    lines: list[MatchOut]


class CodeOut(Schema):
    files: list[CodeFileOut]
    total: int = Field(description="Lines in all these files.")
    complete: bool = Field(description="Whether everything was searched: see the certificate.")
    certificate: dict[str, Any] = Field(description="Exactly what was searched, at which commits.")


class FileOut(Schema):
    source: str
    commit: str
    path: str
    language: str
    lines: list[int] = Field(description="The first and the last line of the text.")
    total_lines: int
    text: str
    is_live: bool = Field(description="Whether a followed ref is at this commit now.")


class DefinitionOut(Schema):
    source: str
    path: str
    commit: str
    name: str
    kind: str
    first_line: int
    last_line: int
    signature: str


class UseOut(Schema):
    source: str
    path: str
    commit: str
    count: int
    lines: list[LineOut] = Field(description="The first lines that use the name.")


class TotalsOut(Schema):
    definitions: int
    uses: int = Field(description="Files that use the name.")


class SymbolsOut(Schema):
    name: str
    definitions: list[DefinitionOut]
    uses: list[UseOut]
    totals: TotalsOut
    next: str | None
