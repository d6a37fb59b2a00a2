"""Two refs of a source side by side: which files differ for one reader, and in which lines.

Both are read from the index: what is compared is what search and answers know of each, with the
same secrets masked, and no file that the index does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Literal

from django.db.models import Q
from django.http import Http404

from appliance.accounts.models import User
from appliance.sources.access import (
    OpenedDocument,
    get_document,
    get_source_for_user,
    scope_of,
)
from indexer.errors import FetchError
from indexer.fetching.differing import DiffLine, differences
from indexer.models import Document, Ref, Source
from indexer.scope import Scope

MOST_FILES = 1000
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Pair:
    """What is compared: from one ref to another of the same source, for whoever has the scope."""

    source: Source
    before: Ref
    after: Ref
    scope: Scope


@dataclass(frozen=True, slots=True)
class Differing:
    """A file that differs; added and removed are said of the way from the first ref to the second."""

    path: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Overview:
    """The files that differ, by path; the first ones when there are more than a page shows."""

    files: tuple[Differing, ...]
    is_cut: bool

    def count(self, kind: Kind) -> int:
        return sum(one.kind == kind for one in self.files)


@dataclass(frozen=True, slots=True)
class Difference:
    """The lines of one file that differ. Of a file that was added there is none before."""

    path: str
    before: OpenedDocument | None
    after: OpenedDocument | None
    lines: tuple[DiffLine, ...]
    is_cut: bool
    hidden: str = ""  # why the lines are not told, in a sentence


def get_pair(user: User, source_name: str, before: str, after: str) -> Pair | None:
    """Return the refs to compare: those that are named, else the default and another one; None
    when the source has no second one. A name that is not followed answers 404."""
    if "\0" in source_name + before + after:
        raise Http404
    source = get_source_for_user(user, source_name)
    refs = list(source.refs.order_by("-is_default", "name"))
    to = _named(refs, after) if after else next(iter(refs), None)
    others = [ref for ref in refs if ref != to]
    since = _named(refs, before) if before else next(iter(others), None)
    if to is None or since is None:
        return None
    return Pair(source, since, to, scope_of(user))


def _named(refs: list[Ref], name: str) -> Ref:
    found = next((ref for ref in refs if ref.name == name), None)
    if found is None:
        raise Http404
    return found


def overview_of(pair: Pair) -> Overview:
    """Return the files that differ, of those that the reader may read."""
    found = tuple(islice(_differing(pair), MOST_FILES + 1))
    return Overview(found[:MOST_FILES], len(found) > MOST_FILES)


def _differing(pair: Pair) -> Iterator[Differing]:
    # A document is one path with one content: where both refs hold it, nothing differs.
    one, other = Q(refs__contains=[pair.before.pk]), Q(refs__contains=[pair.after.pk])
    rows = (
        Document.objects.filter(source=pair.source)
        .filter((one & ~other) | (~one & other))
        .order_by("path")
        .values_list("path", "refs")
        .iterator()
    )
    for path, group in groupby(rows, key=lambda row: row[0]):
        if pair.scope.allows(pair.source.pk, path):
            sides = {pair.after.pk in refs for _, refs in group}
            yield Differing(path, _kind(sides))


def _kind(sides: set[bool]) -> Kind:
    if len(sides) == 2:
        return "changed"
    return "added" if True in sides else "removed"


def get_difference(pair: Pair, path: str) -> Difference:
    """Return how a file differs; one that neither ref has, or that may not be read, is a 404."""
    before, after = (_side(pair, ref, path) for ref in (pair.before, pair.after))
    if before is None and after is None:
        raise Http404
    try:
        found = differences(before.text if before else "", after.text if after else "")
    except FetchError as failure:
        return Difference(path, before, after, (), is_cut=False, hidden=str(failure))
    return Difference(path, before, after, found.lines, found.is_cut)


def _side(pair: Pair, ref: Ref, path: str) -> OpenedDocument | None:
    try:
        return get_document(pair.scope, pair.source.name, ref.name, path)
    except Http404:
        return None
