"""Which groups people are in: what directories say, beside what admins give by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from appliance.accounts.models import Belonging, Directory, User
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record


@dataclass(frozen=True, slots=True)
class Change:
    """What a directory's word changed of one person's groups; names, sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def set_memberships(directory: Directory, user: User, groups: Iterable[Group]) -> Change:
    """Make a person's groups what a directory says, in one transaction with its records.

    Groups that an admin gave by hand, or that another directory vouches for, stay.
    """
    wanted = {group.pk: group for group in groups}
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two words at once, one after the other
        said = {b.group_id: b for b in directory.belongings.filter(user=user)}
        in_now = set(user.groups.values_list("pk", flat=True))
        for pk in wanted.keys() - said.keys():
            Belonging.objects.create(
                directory=directory,
                user=user,
                group_id=pk,
                was_by_hand=pk in in_now and not user.belongings.filter(group_id=pk).exists(),
            )
        gone = [said[pk] for pk in said.keys() - wanted.keys()]
        for belonging in gone:
            belonging.delete()
        kept = {b.group_id for b in gone if b.was_by_hand}
        kept |= set(user.belongings.values_list("group_id", flat=True))
        joined = wanted.keys() - in_now
        left = {b.group_id for b in gone} - kept
        user.groups.add(*joined)
        user.groups.remove(*left)
        change = Change(_names(joined), _names(left))
        _record(directory, user, change)
    return change


def _names(pks: Iterable[int]) -> tuple[str, ...]:
    return tuple(Group.objects.filter(pk__in=pks).order_by("name").values_list("name", flat=True))


def _record(directory: Directory, user: User, change: Change) -> None:
    person = Target("person", str(user.pk), user.get_username())
    for action, names in (
        (Action.MEMBER_ADDED, change.added),
        (Action.MEMBER_REMOVED, change.removed),
    ):
        for name in names:
            details = {"group": name, "directory": directory.name}
            record(action, actor=f"directory {directory.slug}", target=person, details=details)
