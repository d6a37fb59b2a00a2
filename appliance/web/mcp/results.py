"""What the tools give back: a text for the model that reads it, and the same as typed values.

The results themselves have no slots: the protocol's SDK takes a slot for a default value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from django.urls import reverse
from mcp.types import CallToolResult, TextContent
from pydantic import Field

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Number = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a file at a commit; the address opens them for whoever is signed in."""

    source: str
    path: str
    commit: str
    first_line: Number
    last_line: Number
    url: str

    def __str__(self) -> str:
        lines = f"{self.first_line}-{self.last_line}"
        return f"{self.source}:{self.path}:{lines} @{self.commit[:12]}"


@dataclass(frozen=True, slots=True)
class Citation:
    """A place that an answer cites, under its number there."""

    number: int
    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Patch:
    """A change that an answer proposes, as a unified diff; its checks say what was tried."""

    source: str
    commit: str
    state: str
    diff: str
    checks: dict[str, str]


@dataclass(frozen=True)
class AnswerResult:
    """An answer in Markdown with [1], [2] ... for its citations."""

    thread: Annotated[str, Field(description="Give it to the next call to follow up.")]
    message: str
    url: str
    state: Annotated[str, Field(description="done, stopped or failed")]
    text: str
    citations: list[Citation]
    found: Annotated[list[Citation], Field(description="Without citations: what was found.")]
    supported: Annotated[Number, Field(description="Sentences whose cited lines say it.")]
    not_confirmed: Number
    not_supported: Annotated[Number, Field(description="Sentences to distrust.")]
    not_found: Annotated[bool, Field(description="Nothing in the sources answers this.")]
    searched: Annotated[list[str], Field(description="Each source with its commit.")]
    patches: list[Patch]


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a file that a search found."""

    place: Place
    symbol: str
    score: float
    text: str


@dataclass(frozen=True)
class SearchResult:
    """What was found, best first."""

    hits: list[Found]
    by_meaning: Annotated[bool, Field(description="Whether vectors took part.")]


@dataclass(frozen=True, slots=True)
class CodeLine:
    number: Number
    text: str


@dataclass(frozen=True, slots=True)
class CodeFile:
    source: str
    path: str
    commit: str
    refs: list[str]
    url: str
    lines: list[CodeLine]


@dataclass(frozen=True)
class CodeResult:
    """Every line that matches, and exactly what was looked at."""

    files: list[CodeFile]
    lines_found: Number
    certificate: Annotated[
        dict[str, Any], Field(description="What was searched; complete says whether all of it was.")
    ]


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    kind: str
    signature: str
    place: Place


@dataclass(frozen=True)
class DefinitionsResult:
    definitions: list[Definition]
    total: Number


@dataclass(frozen=True, slots=True)
class Use:
    """A file that uses a name: its first lines that do, and how many do."""

    place: Place
    line_count: Number
    lines: list[CodeLine]


@dataclass(frozen=True)
class ReferencesResult:
    """Files that use a name by its spelling; two things of the same name are not told apart."""

    files: list[Use]
    total: Annotated[Number, Field(description="Files in all.")]


@dataclass(frozen=True)
class FileResult:
    """Lines of a file. With `next_line` there is more: begin there."""

    place: Place
    language: str
    total_lines: Number
    text: str
    is_live: Annotated[bool, Field(description="False: kept because an answer cites it.")]
    next_line: int | None


@dataclass(frozen=True, slots=True)
class Change:
    commit: str
    at: str
    author: str
    message: Annotated[str, Field(description="Empty when the source may be read in part only.")]


@dataclass(frozen=True)
class HistoryResult:
    """Commits of the default branch that changed a file, newest first, without merges."""

    source: str
    path: str
    commits: list[Change]
    has_more: bool


@dataclass(frozen=True, slots=True)
class SourceLine:
    name: str
    kind: str
    state: str
    default_ref: str
    commit: str
    refs: list[str]
    checked_at: str | None


@dataclass(frozen=True)
class SourcesResult:
    sources: list[SourceLine]
    sets: list[str]  # named sets of sources that the token's person may pick


def place_of(base_url: str, source: str, path: str, commit: str, lines: tuple[int, int]) -> Place:
    """Return a place with the address under which it opens."""
    first, last = lines
    page = reverse("file", args=[source, commit, path])
    url = f"{base_url}{page}?lines={first}-{last}#L{quote(str(first))}"
    return Place(source, path, commit, first, last, url)


def told(text: str, values: DataclassInstance) -> CallToolResult:
    """Return a result in both of its forms."""
    structured: Mapping[str, Any] = asdict(values)
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=dict(structured)
    )


def fenced(text: str) -> str:
    """Return lines in a fence that nothing in them can close."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"
