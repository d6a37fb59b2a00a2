"""Which groups a directory last said that people are in, as far as that is kept here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

from appliance.accounts.directories.claims import told_by
from appliance.accounts.models import Directory
from appliance.accounts.scim.joining import names_by_user


@dataclass(frozen=True, slots=True)
class Known:
    """The names of the directory's groups, by the id of each active person that it told of."""

    groups: Mapping[int, Set[str]]
    # Whom a mapping may make an admin: nobody whom SCIM alone brought.
    trusted: Set[int]


def known_groups(directory: Directory) -> Known:
    """Return what SCIM sent, and of all others what a sync or their last sign-in told."""
    provisioned = directory.identities.filter(
        provisioned__isnull=False, removed_at=None, is_active=True
    )
    sent: dict[int, Set[str]] = {
        user: set() for user in provisioned.values_list("user_id", flat=True)
    }
    sent |= names_by_user(directory)
    told = _told(directory)
    trusted = {*sent, *told} if directory.kind == Directory.Kind.LDAP else set(told)
    return Known(sent | told, trusted)


def _told(directory: Directory) -> dict[int, Set[str]]:
    """Return the groups of people whom SCIM did not bring, as their attributes name them."""
    others = directory.identities.filter(provisioned__isnull=True, is_active=True)
    found: dict[int, Set[str]] = {}
    for user, subject, attributes in others.values_list("user_id", "subject", "attributes"):
        if directory.kind == Directory.Kind.LDAP:
            found[user] = {str(name) for name in attributes.get("groups", [])}
        elif (groups := told_by(directory, subject, attributes).groups) is not None:
            found[user] = set(groups)
    return found


def group_sizes(directory: Directory, known: Known) -> dict[str, int]:
    """Return how many people are in each group that is known, also in those without anybody."""
    sizes = Counter(name for names in known.groups.values() for name in names)
    empty = directory.scim_groups.values_list("name", flat=True)
    return {name: sizes[name] for name in sorted({*sizes, *empty}, key=str.casefold)}
