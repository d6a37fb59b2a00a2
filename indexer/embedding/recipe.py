"""Which model makes vectors, and how it is asked: two vectors of one recipe are comparable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class Recipe:
    """What must be known to embed a text again in the same way; holds no secret."""

    kind: str  # as PLUMBLINE_EMBEDDING: in this process, or "server"
    model: str
    url: str = ""  # of a server
    query_prefix: str = ""
    passage_prefix: str = ""
    dimensions: int = 0  # vectors are cut to so many; 0: as many as the model gives

    @property
    def name(self) -> str:
        """Return what tells these vectors from others: the model, and what alters its vectors.

        Neither the server's address nor the query's prefix changes a stored vector.
        """
        cut = f"@{self.dimensions}" if self.dimensions else ""
        told = sha256(self.passage_prefix.encode()).hexdigest()[:8] if self.passage_prefix else ""
        return f"{self.model}{cut}{'#' if told else ''}{told}"

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Recipe:
        """Return the recipe that to_json wrote."""
        return cls(**told)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
