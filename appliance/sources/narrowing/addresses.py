"""Addresses of a search: of the same with something changed, of its export, of it saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from zlib import crc32

from django.urls import reverse

from appliance.sources.narrowing.facets import Facet, FacetValue
from appliance.sources.narrowing.narrowing import Narrowing

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Link:
    """A facet's value, or a chip, with where it leads."""

    value: FacetValue
    url: str

    @property
    def id(self) -> str:
        """Return the same id before and after a click: the focus stays where it was."""
        return f"facet-{self.value.group}-{crc32(self.value.value.encode())}"


@dataclass(frozen=True, slots=True)
class FacetLinks:
    group: str
    label: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """One search of one of the two pages, as addresses."""

    page: str  # name of the address: search or code
    query: str
    by: Narrowing
    ref: str = ""

    def url(self, by: Narrowing | None = None, **more: str) -> str:
        return self._of(reverse(self.page), by or self.by, more)

    @property
    def here(self) -> str:
        return self.url()

    @property
    def csv(self) -> str:
        return self._of(reverse(f"{self.page}_export", args=["csv"]), self.by, {})

    @property
    def jsonl(self) -> str:
        return self._of(reverse(f"{self.page}_export", args=["jsonl"]), self.by, {})

    @property
    def hidden(self) -> Pairs:
        """Return what the form carries along unseen."""
        return [pair for pair in self.by.pairs() if pair[0] != "set"]  # which has a field

    @property
    def kept(self) -> Pairs:
        """Return all that a saved search is made of."""
        ref = [("ref", self.ref)] if self.ref else []
        return [("q", self.query), ("page", self.page), *self.by.pairs(), *ref]

    def links(self, facets: Sequence[Facet]) -> tuple[FacetLinks, ...]:
        return tuple(FacetLinks(one.group, one.label, self.chips(one.values)) for one in facets)

    def chips(self, values: Sequence[FacetValue]) -> tuple[Link, ...]:
        return tuple(Link(value, self.url(value.after)) for value in values)

    def _of(self, path: str, by: Narrowing, more: dict[str, str]) -> str:
        pairs = [("q", self.query), *by.pairs()]
        pairs += [("ref", self.ref)] if self.ref else []
        return f"{path}?{urlencode([*pairs, *more.items()])}"
