"""Where the parts of an extracted document begin in its text: pages, cells, sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PlaceKind = Literal["page", "cell", "section"]


@dataclass(frozen=True, slots=True)
class Place:
    line: int  # of the text, counted from 1
    kind: PlaceKind
    label: str  # "Page 12", "Cell 4", "Install > Linux"
