"""People and sources by name, for the command line."""

from __future__ import annotations

from django.core.management import CommandError

from appliance.accounts.models import User
from appliance.sources.access import operator_scope, scope_of
from appliance.sources.asof import as_of
from indexer.models import Source
from indexer.scope import Scope


def source_named(name: str) -> Source:
    source = Source.objects.filter(name=name).first()
    if source is None:
        known = ", ".join(Source.objects.values_list("name", flat=True)) or "none is connected"
        raise CommandError(f"There is no source called {name!r} ({known}).")
    return source


def user_named(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is nobody called {username!r}.")
    return user


def scope_for(username: str | None) -> Scope:
    """Return what that person may read; without a name the operator's scope, which is all."""
    return scope_of(user_named(username)) if username else operator_scope()


def check_sources(names: list[str], scope: Scope) -> None:
    """Refuse source names that the scope does not hold, in the same words as unknown ones."""
    readable = set(Source.objects.filter(pk__in=scope.source_ids).values_list("name", flat=True))
    if missing := [name for name in names if name not in readable]:
        raise CommandError(f"There is no source called {missing[0]!r}.")


def check_ref_name(ref: str, names: list[str], scope: Scope) -> None:
    """Refuse a ref that none of the sources has, with a suggestion."""
    if (narrowing := as_of(scope, names, ref)).is_unknown:
        raise CommandError(narrowing.sentence)
