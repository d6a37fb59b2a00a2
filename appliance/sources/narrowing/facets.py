"""How many of the files that a search found are of which source, language, kind and folder.

Counted over what the search returned to this reader, which the scope has filtered already: a count
says nothing of anything else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from appliance.sources.narrowing.narrowing import GROUPS, FoundFile, Narrowing

SHOWN_VALUES = 8  # of one group; chosen ones are always among them
LABELS = {"source": "Source", "lang": "Language", "kind": "Kind", "folder": "Folder"}


@dataclass(frozen=True, slots=True)
class FacetValue:
    group: str
    value: str
    label: str
    count: int | None  # None: not known without searching there
    is_chosen: bool
    after: Narrowing  # once it is clicked


@dataclass(frozen=True, slots=True)
class Facet:
    group: str
    label: str
    values: tuple[FacetValue, ...]


def facets_of(
    files: Iterable[FoundFile], by: Narrowing, names: Collection[str] = ()
) -> tuple[Facet, ...]:
    """Return the groups with their counts; each group counts what the others leave.

    `names` are further sources that may be read: offered without a count while some are chosen,
    because then the others were not searched.
    """
    found = list(files)
    facets = [_facet(group, found, by, names) for group in GROUPS]
    return tuple(facet for facet in facets if facet.values)


def chips_of(by: Narrowing) -> tuple[FacetValue, ...]:
    """Return what is chosen, each with what remains without it; but the set, which has a field."""
    return tuple(
        FacetValue(group, value, value, None, True, by.toggled(group, value))
        for group, value in by.pairs()
        if group != "set"
    )


def _facet(group: str, found: Sequence[FoundFile], by: Narrowing, names: Collection[str]) -> Facet:
    if group == "folder":
        return _folders(found, by)
    counts = Counter(file.value_of(group) for file in found if by.allows(file, but=group))
    counts.pop("", None)
    chosen = by.values_of(group)
    values = [*chosen, *(value for value, _ in _ordered(counts) if value not in chosen)]
    if group == "source" and chosen:
        values += sorted(set(names) - set(values))
    shown = values[: max(SHOWN_VALUES, len(chosen))]
    if len(shown) < 2 and not chosen:
        shown = []  # what leaves nothing out is no choice
    unknown = group == "source" and bool(chosen)
    return Facet(
        group,
        LABELS[group],
        tuple(
            FacetValue(
                group,
                value,
                value,
                None if unknown and value not in chosen else counts[value],
                value in chosen,
                by.toggled(group, value),
            )
            for value in shown
        ),
    )


def _folders(found: Sequence[FoundFile], by: Narrowing) -> Facet:
    """Offer the folders one level below the chosen one."""
    before = f"{by.folder}/" if by.folder else ""
    counts: Counter[str] = Counter()
    for file in found:
        if by.allows(file):
            folder, slash, _ = file.path.removeprefix(before).partition("/")
            counts.update([before + folder] if slash else [])
    values = tuple(
        FacetValue("folder", value, f"{value.removeprefix(before)}/", count, False,
                   by.toggled("folder", value))
        for value, count in _ordered(counts)[:SHOWN_VALUES]
    )  # fmt: skip
    return Facet("folder", LABELS["folder"], values)


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
