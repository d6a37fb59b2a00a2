"""What a request of the API is about: the token's scope, narrowed to a set, named sources and a ref."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.accounts.models import ApiToken
from appliance.sources.access import scope_of_token
from appliance.sources.asof import NotThere, refs_among
from appliance.sources.sets.picking import picked
from appliance.web.api.errors import Refused
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A scope, sources by their names (none: all), and a ref of theirs (none: each its default)."""

    scope: Scope
    names: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()


def narrowed(
    token: ApiToken, names: Sequence[str] = (), ref: str = "", source_set: str = ""
) -> Narrowing:
    """Refuse a set, source or ref that is not there, and just so one that may not be read."""
    found = picked(token.user, scope_of_token(token), source_set)
    if found.sentence:
        raise Refused(404, found.sentence, code="no_set")
    try:
        refs = refs_among(found.scope, names, ref or found.ref)
    except NotThere as exc:
        raise Refused(404, str(exc), code=exc.code) from None
    return Narrowing(found.scope, tuple(names), refs)
