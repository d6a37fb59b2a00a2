"""Searching in a set: the part of somebody's scope that lies in it, never more."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.accounts.models import User
from appliance.sources.models import SourceSet
from appliance.sources.sets.access import find_set
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Picked:
    """What is searched: the scope as it is, or the part of it that a set holds."""

    scope: Scope
    name: str = ""  # of the set; empty: none
    ref: str = ""  # that the set looks at
    sources: tuple[str, ...] = ()  # of the set, as far as they may be read: whole ones
    folders: tuple[str, ...] = ()  # and folders of others, as source:path
    is_unknown: bool = False

    @property
    def sentence(self) -> str:
        """Say why nothing can be found; empty when something can."""
        if self.is_unknown:
            return f"There is no set {self.name}."
        if self.name and not self.scope.source_ids:
            return f"The set {self.name} holds nothing that may be read."
        return ""


def picked(user: User, scope: Scope, name: str) -> Picked:
    """Return what is searched with the set of this name; of an unknown one, nothing."""
    name = name.strip()
    if not name:
        return Picked(scope)
    found = find_set(user, name)
    if found is None:
        return Picked(scope.narrowed_to(()), name[:100], is_unknown=True)
    return _within(scope, found)


def _within(scope: Scope, found: SourceSet) -> Picked:
    parts = found.parts.filter(source__in=scope.source_ids).order_by("source__name", "path")
    rows = list(parts.values_list("source_id", "source__name", "path"))
    whole = {source_id for source_id, _, path in rows if not path}
    folders = [row for row in rows if row[0] not in whole]
    part = scope.narrowed_to({source_id for source_id, _, _ in rows})
    return Picked(
        part.within((source_id, path) for source_id, _, path in folders),
        found.name,
        found.ref,
        tuple(name for source_id, name, path in rows if source_id in whole and not path),
        tuple(f"{name}:{path}" for _, name, path in folders),
    )
