"""Which groups here the groups of a directory are."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group

from appliance.accounts.models import Directory, Role

AS_NAMED = "groups_as_named"  # the setting of a directory: groups without a mapping keep their name
MAX_NAME = 150  # of a group here


class Mapper:
    """The mapping of one directory as it is now, for many people at once."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._mapped: dict[str, list[Group]] = {}
        for mapping in directory.mappings.select_related("group"):
            self._mapped.setdefault(mapping.external.casefold(), []).append(mapping.group)
        self._as_named: dict[str, list[Group]] = {}

    def groups_for(self, external: Iterable[str]) -> list[Group]:
        """Return the groups that a directory's group names stand for, sorted by name."""
        names = {name.strip() for name in external if name.strip()}
        found = {group for name in names for group in self._of(name)}
        return sorted(found, key=lambda group: group.name)

    def _of(self, name: str) -> list[Group]:
        if name.casefold() in self._mapped:
            return self._mapped[name.casefold()]
        if not self._directory.settings.get(AS_NAMED) or len(name) > MAX_NAME:
            return []
        if name not in self._as_named:
            self._as_named[name] = _group_named(name)
        return self._as_named[name]


def groups_for(directory: Directory, external: Iterable[str]) -> list[Group]:
    """Return the groups that a directory's group names stand for, sorted by name.

    A mapping is compared without regard to case, as distinguished names are. Names without one
    make a group of that name where the directory's settings say so, and are left out elsewhere.
    """
    return Mapper(directory).groups_for(external)


def without_admins(groups: Iterable[Group]) -> list[Group]:
    """Leave out the groups that make their members admins."""
    return [group for group in groups if not group.role_grants.filter(role=Role.ADMIN).exists()]


def _group_named(name: str) -> list[Group]:
    """A group that has a role is joined by a mapping only: else its name would be the key to it."""
    group, is_new = Group.objects.get_or_create(name=name)
    return [] if not is_new and group.role_grants.exists() else [group]


def mapped_names(directory: Directory, external: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return for each group name of a directory the names of the groups here; nothing is made."""
    mapped: dict[str, list[str]] = {}
    for mapping in directory.mappings.select_related("group"):
        mapped.setdefault(mapping.external.casefold(), []).append(mapping.group.name)
    names = sorted({name.strip() for name in external if name.strip()})
    as_named: set[str] = set()
    if directory.settings.get(AS_NAMED):
        with_role = Group.objects.filter(name__in=names, role_grants__isnull=False)
        kept = set(with_role.values_list("name", flat=True))
        as_named = {name for name in names if len(name) <= MAX_NAME and name not in kept}
    return {
        name: tuple(sorted(mapped.get(name.casefold(), [name] if name in as_named else [])))
        for name in names
    }
