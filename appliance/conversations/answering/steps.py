"""What a mode of several steps did, for the reader to follow, and for another worker to go on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from indexer.spans import Span


class Kind(StrEnum):
    PLAN = "plan"  # decides what to do next
    SEARCH = "search"
    READ = "read"
    REFERENCES = "references"  # who uses a name
    HISTORY = "history"  # past commits
    LOCATE = "locate"  # where what was pasted stands in the code
    PATCH = "patch"  # checks of what is to be changed
    RUN = "run"  # in the sandbox


@dataclass(frozen=True, slots=True)
class FoundLines:
    """Lines that a step came upon. Their text stays where it is stored; a note says what they are."""

    source_id: int
    source: str
    path: str
    commit: str
    blob_id: int
    span: Span
    score: float  # between 0 and 1
    symbol: str = ""
    note: str = ""  # one line: a signature, or the line that tells most
    core: Span | None = None  # inside the span: what was found itself
    legs: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[int, str]:
        return self.source_id, self.path

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> FoundLines:
        core = stored["core"]
        fields = {
            **stored,
            "span": Span(**stored["span"]),
            "core": Span(**core) if core else None,
            "legs": tuple(stored["legs"]),
        }
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Step:
    """One visible step. It is shown to the reader only together with places that they may read."""

    number: int  # from 1
    kind: Kind
    title: str  # what is done, for the reader: Searched "cart limit"
    detail: str = ""  # what came of it: 5 passages of 3 files
    places: tuple[tuple[int, str], ...] = ()  # source and path of all that it found
    is_running: bool = False
    seconds: float = 0.0
    asked: str = ""  # what was planned: the same is not done twice
    found: tuple[FoundLines, ...] = ()

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def shown(self) -> dict[str, object]:
        """Return what people and scripts are told of it."""
        stored = asdict(self)
        return {name: stored[name] for name in stored if name not in {"asked", "found"}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Step:
        fields = {
            **stored,
            "kind": Kind(stored["kind"]),
            "places": tuple((source_id, path) for source_id, path in stored["places"]),
            "found": tuple(map(FoundLines.from_json, stored.get("found", ()))),
        }
        return cls(**fields)
