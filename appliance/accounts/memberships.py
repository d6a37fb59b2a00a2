"""Which groups people are in: what directories say, beside what admins give by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import Group
from django.db import transaction

from appliance.accounts.models import Belonging, Directory, User
from appliance.accounts.targets import actor_of, of_person
from appliance.audit.actions import Action
from appliance.audit.recording import Entry, record_all

Joined = User.groups.through


@dataclass(frozen=True, slots=True)
class Change:
    """What a directory's word changed of one person's groups; names, sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(slots=True)
class Steps:
    """What has to be written, for all people together."""

    said: list[Belonging] = field(default_factory=list)
    unsaid: list[int] = field(default_factory=list)  # belongings
    joins: list[tuple[int, int]] = field(default_factory=list)  # person, group
    leaves: list[tuple[int, int]] = field(default_factory=list)


def set_memberships(directory: Directory, user: User, groups: Iterable[Group]) -> Change:
    """Make a person's groups what a directory says, in one transaction with its records.

    Groups that an admin gave by hand, or that another directory vouches for, stay.
    """
    changes = set_memberships_of_all(directory, {user.pk: {group.pk for group in groups}})
    return changes.get(user.pk, Change())


def set_memberships_of_all(
    directory: Directory, wanted: Mapping[int, set[int]]
) -> dict[int, Change]:
    """As `set_memberships`, for many people at once: ids of people, and of the groups of each.

    Returns the changes of those whose groups changed. Ten thousand people take seconds.
    """
    with transaction.atomic():
        # Locked in one order: two words at once come one after the other.
        people = {
            user.pk: user
            for user in User.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
        }
        steps = plan_memberships(directory, {pk: wanted[pk] for pk in people})
        Belonging.objects.bulk_create(steps.said, batch_size=2000)
        Belonging.objects.filter(pk__in=steps.unsaid).delete()
        Joined.objects.bulk_create(
            [Joined(user_id=user, group_id=group) for user, group in steps.joins],
            batch_size=2000,
            ignore_conflicts=True,
        )
        leaving: dict[int, list[int]] = defaultdict(list)
        for user, group in steps.leaves:
            leaving[user].append(group)
        for pk, groups in leaving.items():
            people[pk].groups.remove(*groups)  # with the signal that ends what they have running
        return _record(directory, people, steps)


def plan_memberships(directory: Directory, wanted: Mapping[int, set[int]]) -> Steps:
    """Return what `set_memberships_of_all` would write, without writing it."""
    steps = Steps()
    in_now: dict[int, set[int]] = defaultdict(set)
    for user, group in Joined.objects.filter(user__in=wanted).values_list("user_id", "group_id"):
        in_now[user].add(group)
    mine: dict[int, dict[int, Belonging]] = defaultdict(dict)
    others: dict[int, set[int]] = defaultdict(set)
    for belonging in Belonging.objects.filter(user__in=wanted):
        if belonging.directory_id == directory.pk:
            mine[belonging.user_id][belonging.group_id] = belonging
        else:
            others[belonging.user_id].add(belonging.group_id)
    for user, groups in wanted.items():
        said, now = mine[user], in_now[user]
        for group in sorted(groups - said.keys()):
            by_hand = group in now and group not in others[user]
            steps.said.append(
                Belonging(directory=directory, user_id=user, group_id=group, was_by_hand=by_hand)
            )
        gone = [said[group] for group in sorted(said.keys() - groups)]
        steps.unsaid += [belonging.pk for belonging in gone]
        kept = others[user] | {one.group_id for one in gone if one.was_by_hand}
        steps.joins += [(user, group) for group in sorted(groups - now)]
        steps.leaves += [
            (user, one.group_id) for one in gone if one.group_id in now and one.group_id not in kept
        ]
    return steps


def _record(directory: Directory, people: Mapping[int, User], steps: Steps) -> dict[int, Change]:
    touched = {group for _, group in (*steps.joins, *steps.leaves)}
    names = dict(Group.objects.filter(pk__in=touched).values_list("pk", "name"))
    added: dict[int, list[str]] = defaultdict(list)
    removed: dict[int, list[str]] = defaultdict(list)
    for user, group in steps.joins:
        added[user].append(names[group])
    for user, group in steps.leaves:
        removed[user].append(names[group])
    entries = [
        Entry(
            action,
            of_person(people[user]),
            details={"group": name, "directory": directory.name},
        )
        for action, changed in ((Action.MEMBER_ADDED, added), (Action.MEMBER_REMOVED, removed))
        for user, groups in changed.items()
        for name in sorted(groups)
    ]
    record_all(entries, actor=actor_of(directory))
    return {
        user: Change(tuple(sorted(added[user])), tuple(sorted(removed[user])))
        for user in added.keys() | removed.keys()
    }
