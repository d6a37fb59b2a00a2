"""From the groups that a directory sent to the groups here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from appliance.accounts.mapping import Mapper, without_admins
from appliance.accounts.memberships import set_memberships_of_all
from appliance.accounts.models import Directory, Identity, ScimGroup


def refresh_groups(directory: Directory, identities: Iterable[Identity]) -> None:
    """Make the groups here of some people what the directory's groups say.

    Nobody becomes an admin this way: a group with that role is left to the admins.
    """
    users = {identity.pk: identity.user_id for identity in identities}
    mapper = Mapper(directory)
    groups: dict[int, set[int]] = {}  # group there -> groups here
    wanted: dict[int, set[int]] = {user: set() for user in users.values()}
    names = dict(directory.scim_groups.values_list("pk", "name"))
    for identity, group in _memberships(users):
        if group not in groups:
            here = without_admins(mapper.groups_for([names[group]]))
            groups[group] = {one.pk for one in here}
        wanted[users[identity]] |= groups[group]
    set_memberships_of_all(directory, wanted)


def names_by_user(directory: Directory) -> dict[int, set[str]]:
    """Return the names of the directory's groups that each active person is in."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = directory.scim_groups.filter(members__is_active=True)
    for user, name in rows.values_list("members__user_id", "name"):
        found[user].add(name)
    return found


def _memberships(identities: Iterable[int]) -> list[tuple[int, int]]:
    rows = ScimGroup.members.through.objects.filter(
        identity__in=list(identities), identity__is_active=True, identity__removed_at=None
    )
    return list(rows.values_list("identity_id", "scimgroup_id"))
