"""Where new matches stand: by file, with how many, and never a line of what stands there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from appliance.sources.saved.matches import Match
from indexer.models import Ref
from indexer.scope import Scope

MOST_PLACES = 50  # of one notification


@dataclass(frozen=True, slots=True)
class Place:
    source_id: int
    source: str
    path: str
    line: int  # the first one
    count: int

    def to_json(self) -> list[object]:
        return [self.source_id, self.source, self.path, self.line, self.count]


@dataclass(frozen=True, slots=True)
class LinkedPlace:
    place: Place
    url: str  # at the default ref: the lines as they are when one looks


def places_of(matches: Iterable[Match]) -> list[Place]:
    """Group matches by file."""
    by_file: dict[tuple[int, str], list[Match]] = {}
    for match in matches:
        by_file.setdefault((match.source_id, match.path), []).append(match)
    return [
        Place(source_id, of_file[0].source, path, of_file[0].line, len(of_file))
        for (source_id, path), of_file in by_file.items()
    ]


def readable(kept: Iterable[Any], scope: Scope) -> list[Place]:
    """Return the places of a notification that this scope may know of now."""
    places = [Place(*row) for row in kept]
    return [one for one in places if scope.allows(one.source_id, one.path)]


def linked(places: Iterable[Place]) -> list[LinkedPlace]:
    """Return the places with where they open."""
    shown = list(places)
    refs = dict(
        Ref.objects.filter(
            source_id__in={place.source_id for place in shown}, is_default=True
        ).values_list("source_id", "name")
    )
    return [
        LinkedPlace(place, f"{_file(place, refs)}?lines={place.line}#L{place.line}")
        for place in shown
        if place.source_id in refs
    ]


def _file(place: Place, refs: Mapping[int, str]) -> str:
    return reverse("file", args=[place.source, refs[place.source_id], place.path])
