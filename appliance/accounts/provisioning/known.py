"""Which groups a directory last said that people are in, as far as that is kept here."""

from __future__ import annotations

from collections import Counter

from appliance.accounts.models import Directory
from appliance.accounts.scim.joining import names_by_user


def known_groups(directory: Directory) -> dict[int, set[str]]:
    """Return the names of the directory's groups for each active person that it told of.

    Of people who only sign in, without SCIM or a sync, nothing stands here: their groups are what
    they bring along at their next sign-in.
    """
    found: dict[int, set[str]] = {}
    provisioned = directory.identities.filter(
        provisioned__isnull=False, removed_at=None, is_active=True
    )
    for user in provisioned.values_list("user_id", flat=True):
        found[user] = set()
    for user, names in names_by_user(directory).items():
        found[user] = names
    if directory.kind == Directory.Kind.LDAP:
        for user, told in directory.identities.filter(
            provisioned__isnull=True, is_active=True
        ).values_list("user_id", "attributes"):
            found[user] = {str(name) for name in told.get("groups", [])}
    return found


def group_sizes(directory: Directory, known: dict[int, set[str]]) -> dict[str, int]:
    """Return how many people are in each group that is known, also in those without anybody."""
    sizes = Counter(name for names in known.values() for name in names)
    empty = directory.scim_groups.values_list("name", flat=True)
    return {name: sizes[name] for name in sorted({*sizes, *empty}, key=str.casefold)}
