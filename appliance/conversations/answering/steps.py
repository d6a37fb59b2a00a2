"""What a mode of several steps did, for the reader to follow."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


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
class Step:
    """One visible step. It is shown to the reader only together with places that they may read."""

    number: int  # from 1
    kind: Kind
    title: str  # what is done, for the reader: Searched "cart limit"
    detail: str = ""  # what came of it: 5 passages of 3 files
    places: tuple[tuple[int, str], ...] = ()  # source and path of all that it found
    is_running: bool = False
    seconds: float = 0.0

    def to_json(self) -> dict[str, object]:
        return asdict(self)
