"""Looking at a corpus "as of" a branch or tag: which refs there are, and which sources have one."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from appliance.sources.access import sources_in
from indexer.models import Ref, Source
from indexer.scope import Scope

NAMED_SOURCES = 3
OFFERED_REFS = 200


@dataclass(frozen=True, slots=True)
class RefChoice:
    """A name that a picker offers."""

    name: str
    source_count: int


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a ref narrows a search to. Without a ref every source is looked at, as it is now."""

    ref: str
    having: tuple[str, ...] = ()  # the names of the sources that have it
    lacking: tuple[str, ...] = ()
    near: tuple[str, ...] = ()  # refs with names like it, when no source has it

    @property
    def is_unknown(self) -> bool:
        return bool(self.ref) and not self.having

    @property
    def sentence(self) -> str:
        """Say what the ref leaves out; empty when it leaves out nothing."""
        if self.is_unknown:
            where = f" in {_names(self.lacking)}" if self.lacking else ""
            hint = f" Did you mean {', '.join(self.near)}?" if self.near else ""
            return f"There is no branch or tag {self.ref}{where}.{hint}"
        if not self.lacking:
            return ""
        verbs = ("has", "was") if len(self.lacking) == 1 else ("have", "were")
        return f"{_names(self.lacking)} {verbs[0]} no {self.ref} and {verbs[1]} left out."


def refs_to_choose(scope: Scope, chosen: str = "") -> list[RefChoice]:
    """Return the refs of readable sources, the most widespread first, and what is chosen already.

    Empty where there is no choice: when each source has nothing but its default.
    """
    refs = Ref.objects.filter(source_id__in=scope.source_ids)
    choices: list[RefChoice] = []
    if refs.filter(is_default=False).exists():
        counted = refs.values_list("name").annotate(sources=Count("source"))
        ordered = counted.order_by("-sources", "name")[:OFFERED_REFS]
        choices = [RefChoice(name, sources) for name, sources in ordered]
    if chosen and chosen not in {choice.name for choice in choices}:
        choices.append(RefChoice(chosen, 0))
    return choices


def as_of(scope: Scope, source_names: Collection[str], ref: str) -> AsOf:
    """Return which of these sources have the ref."""
    if not ref:
        return AsOf("")
    sources = _sources(scope, source_names)
    if "\0" in ref:  # PostgreSQL refuses to look for it
        return AsOf(ref)
    has_it = ExpressionWrapper(
        Q(pk__in=Ref.objects.filter(name=ref).values("source")), output_field=BooleanField()
    )
    rows = list(sources.annotate(has_it=has_it).values_list("name", "has_it"))
    having = tuple(name for name, has in rows if has)
    return AsOf(
        ref,
        having,
        tuple(name for name, has in rows if not has),
        () if having else _near(ref, sources),
    )


class NotThere(Exception):
    """A source or ref that a program names is not there, or may not be read; the message says which."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


def refs_among(scope: Scope, names: Sequence[str], ref: str) -> tuple[str, ...]:
    """Return the ref that these sources (none: all) are looked at as of, none for each its default.

    Raises NotThere, and just so for a source that may not be read.
    """
    if names:
        known = set(sources_in(scope).values_list("name", flat=True))
        if missing := [name for name in names if name not in known]:
            raise NotThere(f"There is no source {missing[0][:100]!r}.", "no_source")
    narrowing = as_of(scope, names, ref.strip())
    if narrowing.is_unknown:
        raise NotThere(narrowing.sentence, "no_ref")
    return (narrowing.ref,) if narrowing.ref else ()


def _sources(scope: Scope, source_names: Collection[str]) -> QuerySet[Source]:
    sources = sources_in(scope)
    return sources.filter(name__in=list(source_names)) if source_names else sources


def _near(ref: str, sources: QuerySet[Source]) -> tuple[str, ...]:
    names = Ref.objects.filter(source__in=sources).values_list("name", flat=True).distinct()
    return tuple(difflib.get_close_matches(ref, list(names.order_by("name")[:2000]), n=3))


def _names(names: Collection[str]) -> str:
    shown = list(names)[:NAMED_SOURCES]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
