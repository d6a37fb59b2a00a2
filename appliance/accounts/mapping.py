"""Which groups here the groups of a directory are."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group

from appliance.accounts.models import Directory

AS_NAMED = "groups_as_named"  # the setting of a directory: groups without a mapping keep their name


def groups_for(directory: Directory, external: Iterable[str]) -> list[Group]:
    """Return the groups that a directory's group names stand for, sorted by name.

    A mapping is compared without regard to case, as distinguished names are. Names without one
    make a group of that name where the directory's settings say so, and are left out elsewhere.
    """
    names = {name for mapped in mapped_names(directory, external).values() for name in mapped}
    return [Group.objects.get_or_create(name=name)[0] for name in sorted(names)]


def mapped_names(directory: Directory, external: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return for each group name of a directory the names of the groups here; nothing is made."""
    mapped: dict[str, list[str]] = {}
    for mapping in directory.mappings.select_related("group"):
        mapped.setdefault(mapping.external.casefold(), []).append(mapping.group.name)
    as_named = bool(directory.settings.get(AS_NAMED))
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted({name.strip() for name in external if name.strip()}):
        itself = (name,) if as_named and len(name) <= 150 else ()
        found[name] = tuple(sorted(mapped.get(name.casefold(), itself)))
    return found
