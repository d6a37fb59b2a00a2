"""What a request of the API is about: the token's scope, narrowed to named sources and a ref."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.sources.asof import as_of
from appliance.web.api.errors import Refused
from indexer.models import Source
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Sources by their names (none: all), and a ref of theirs (none: each source's default)."""

    names: tuple[str, ...]
    refs: tuple[str, ...]


def narrowed(scope: Scope, names: Sequence[str], ref: str = "") -> Narrowing:
    """Refuse a source or ref that is not there, and just so one that may not be read."""
    known = set(Source.objects.filter(pk__in=scope.source_ids).values_list("name", flat=True))
    if missing := [name for name in names if name not in known]:
        raise Refused(404, f"There is no source {missing[0]!r}.", code="no_source")
    narrowing = as_of(scope, names, ref)
    if narrowing.is_unknown:
        raise Refused(404, narrowing.sentence, code="no_ref")
    return Narrowing(tuple(names), (narrowing.ref,) if narrowing.ref else ())
