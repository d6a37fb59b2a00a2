"""Which groups here the groups of a directory are."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group

from appliance.accounts.models import Directory, Role

AS_NAMED = "groups_as_named"  # the setting of a directory: groups without a mapping keep their name
MAX_NAME = 150  # of a group here


class Mapper:
    """The mapping of one directory as it is now, for many people at once.

    A mapping is compared without regard to case, as distinguished names are. Names without one
    stand for a group of that name where the directory's settings say so, and are left out elsewhere.
    """

    def __init__(self, directory: Directory) -> None:
        self._takes_names = bool(directory.settings.get(AS_NAMED))
        self._mapped: dict[str, list[Group]] = {}
        for mapping in directory.mappings.select_related("group"):
            self._mapped.setdefault(mapping.external.casefold(), []).append(mapping.group)
        self._as_named: dict[str, list[Group]] = {}

    def groups_for(self, external: Iterable[str]) -> list[Group]:
        """Return the groups that a directory's group names stand for, sorted by name; those that
        are not there yet are made."""
        found = {group for name in _names(external) for group in self._made(name)}
        return sorted(found, key=lambda group: group.name)

    def names_for(self, external: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return for each of a directory's group names those of the groups here; nothing is made."""
        return {
            name: tuple(sorted(group.name for group in self._of(name)))
            for name in sorted(_names(external))
        }

    def _of(self, name: str) -> list[Group]:
        """Return the groups of a name; one that is not there yet without a number."""
        if name.casefold() in self._mapped:
            return self._mapped[name.casefold()]
        if not self._takes_names or len(name) > MAX_NAME:
            return []
        if name not in self._as_named:
            there = Group.objects.filter(name=name).first()
            self._as_named[name] = _without_role(there) if there else [Group(name=name)]
        return self._as_named[name]

    def _made(self, name: str) -> list[Group]:
        groups = self._of(name)
        if not any(group.pk is None for group in groups):
            return groups
        group, is_new = Group.objects.get_or_create(name=name)
        self._as_named[name] = [group] if is_new else _without_role(group)
        return self._as_named[name]


def _names(external: Iterable[str]) -> set[str]:
    return {name.strip() for name in external if name.strip()}


def _without_role(group: Group) -> list[Group]:
    """A group that has a role is joined by a mapping only: else its name would be the key to it."""
    return [] if group.role_grants.exists() else [group]


def without_admins(groups: Iterable[Group]) -> list[Group]:
    """Leave out the groups that make their members admins."""
    return [group for group in groups if not group.role_grants.filter(role=Role.ADMIN).exists()]
