"""Where a name that somebody points at is defined and used, in a few lines."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.retrieval.symbols import Definitions, Uses, definitions_of, uses_of
from indexer.scope import Scope

SHOWN_DEFINITIONS = 5
SHOWN_USES = 4
NO_DEFINITIONS = Definitions((), 0)
NO_USES = Uses((), 0)


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a name; an empty name is none."""

    name: str
    source: str = ""
    ref: str = ""
    definitions: Definitions = NO_DEFINITIONS
    uses: Uses = NO_USES
    is_elsewhere: bool = False  # whether the definitions stand in other sources than the asked one

    @property
    def is_found(self) -> bool:
        return bool(self.definitions.hits or self.uses.hits)


def card_of(name: str, scope: Scope, source: str, ref: str) -> Card:
    """Return where a name stands: in the source at the ref, and when that does not define it,
    wherever the reader may read."""
    if not name or "\0" in ref:
        return Card("")
    here = (source,) if source else ()
    refs = (ref,) if source and ref else ()
    found = definitions_of(name, scope=scope, source_names=here, refs=refs, limit=SHOWN_DEFINITIONS)
    uses = uses_of(name, scope=scope, source_names=here, refs=refs, limit=SHOWN_USES)
    is_elsewhere = bool(here) and not found.hits
    if is_elsewhere:
        found = definitions_of(name, scope=scope, limit=SHOWN_DEFINITIONS)
    return Card(name, source, ref, found, uses, is_elsewhere and bool(found.hits))
