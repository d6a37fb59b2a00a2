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
    names = {name.strip() for name in external if name.strip()}
    mapped: dict[str, list[Group]] = {}
    for mapping in directory.mappings.select_related("group"):
        mapped.setdefault(mapping.external.casefold(), []).append(mapping.group)
    found = {group for name in names for group in mapped.get(name.casefold(), ())}
    if directory.settings.get(AS_NAMED):
        unmapped = [name for name in names if name.casefold() not in mapped and len(name) <= 150]
        found |= {Group.objects.get_or_create(name=name)[0] for name in sorted(unmapped)}
    return sorted(found, key=lambda group: group.name)
