"""Changes of the mapping of a directory's groups: what would come of one, and doing it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from appliance.accounts.mapping import AS_NAMED, MAX_NAME, Mapper, without_admins
from appliance.accounts.memberships import plan_memberships, set_memberships_of_all
from appliance.accounts.models import Directory, GroupMapping, Role, User
from appliance.accounts.provisioning.known import group_sizes, known_groups
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record

SHOWN = 100  # people in a preview


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the mapping shall be; compared and saved as a whole."""

    rows: frozenset[tuple[str, str]]  # name there, name of a group here
    as_named: bool

    def targets(self, name: str) -> set[str]:
        """Return the names of the groups here that a group there would stand for."""
        mapped = {here for there, here in self.rows if there.casefold() == name.casefold()}
        if mapped or not self.as_named or len(name) > MAX_NAME:
            return mapped
        return {name}


@dataclass(frozen=True, slots=True)
class Row:
    """One group of the directory in a preview."""

    name: str
    people: int
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonChange:
    username: str
    gains: tuple[str, ...]
    loses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a proposal would change now."""

    rows: list[Row]
    changes: list[PersonChange]  # the first of them
    changed: int

    @property
    def more(self) -> int:
        return self.changed - len(self.changes)


def proposal_of(directory: Directory) -> Proposal:
    """Return the mapping as it is."""
    rows = directory.mappings.values_list("external", "group__name")
    return Proposal(frozenset(rows), bool(directory.settings.get(AS_NAMED)))


def preview(directory: Directory, proposal: Proposal) -> Preview:
    """Say what would come of a proposal; writes nothing."""
    known = known_groups(directory)
    barred = _barred(proposal)
    ids = dict(Group.objects.values_list("name", "pk"))
    wanted = {
        user: {
            here
            for name in names
            for here in proposal.targets(name) - barred(name, is_trusted=user in known.trusted)
        }
        for user, names in known.groups.items()
    }
    steps = plan_memberships(
        directory,
        {user: {ids[name] for name in names if name in ids} for user, names in wanted.items()},
    )
    names_of = {pk: name for name, pk in ids.items()}
    gains: dict[int, set[str]] = defaultdict(set)
    loses: dict[int, set[str]] = defaultdict(set)
    for user, group in steps.joins:
        gains[user].add(names_of[group])
    for user, group in steps.leaves:
        loses[user].add(names_of[group])
    for user, names in wanted.items():
        if new := {name for name in names if name not in ids}:
            gains[user] |= new
    sizes = group_sizes(directory, known)
    is_trusted = bool(known.trusted)
    rows = [
        Row(
            name,
            people,
            tuple(sorted(proposal.targets(name) - barred(name, is_trusted=is_trusted))),
        )
        for name, people in sizes.items()
    ]
    return Preview(rows, _first(gains, loses), len(gains.keys() | loses.keys()))


def save(directory: Directory, proposal: Proposal, *, by: User) -> None:
    """Make a proposal the mapping, and everybody's groups what it says, in one transaction."""
    with transaction.atomic():
        Directory.objects.select_for_update().get(pk=directory.pk)
        before = proposal_of(directory)
        for there, here in before.rows - proposal.rows:
            directory.mappings.filter(external=there, group__name=here).delete()
        for there, here in sorted(proposal.rows - before.rows):
            group, _ = Group.objects.get_or_create(name=here)
            GroupMapping.objects.create(directory=directory, external=there, group=group)
        directory.settings = {**directory.settings, AS_NAMED: proposal.as_named}
        directory.save(update_fields=["settings"])
        record(
            Action.DIRECTORY_CHANGED,
            actor=by,
            target=Target("directory", str(directory.pk), directory.name),
            details={
                "mappings_added": sorted(map(list, proposal.rows - before.rows)),
                "mappings_removed": sorted(map(list, before.rows - proposal.rows)),
                AS_NAMED: proposal.as_named,
            },
        )
        apply_mapping(directory)


def apply_mapping(directory: Directory) -> None:
    """Make the groups of everybody of whom the directory told what its mapping says now."""
    mapper = Mapper(directory)
    known = known_groups(directory)
    here = {
        name: mapper.groups_for([name]) for name in set().union(*known.groups.values(), set[str]())
    }
    anybody = {name: {one.pk for one in without_admins(groups)} for name, groups in here.items()}
    trusted = {name: {one.pk for one in groups} for name, groups in here.items()}
    wanted: dict[int, set[int]] = {}
    for user, names in known.groups.items():
        of = trusted if user in known.trusted else anybody
        wanted[user] = {group for name in names for group in of[name]}
    set_memberships_of_all(directory, wanted)


class _barred:
    """The groups that a name does not lead to, whatever the proposal says."""

    def __init__(self, proposal: Proposal) -> None:
        with_role = Group.objects.filter(role_grants__isnull=False)
        self._by_name = set(with_role.values_list("name", flat=True))
        admins = with_role.filter(role_grants__role=Role.ADMIN).values_list("name", flat=True)
        self._admins = set(admins)
        self._mapped = {there.casefold() for there, _ in proposal.rows}

    def __call__(self, name: str, *, is_trusted: bool) -> set[str]:
        if name.casefold() not in self._mapped:
            return self._by_name
        return set() if is_trusted else self._admins


def _first(gains: Mapping[int, set[str]], loses: Mapping[int, set[str]]) -> list[PersonChange]:
    people = User.objects.filter(pk__in=gains.keys() | loses.keys()).order_by("username")
    return [
        PersonChange(
            person.get_username(),
            tuple(sorted(gains.get(person.pk, ()))),
            tuple(sorted(loses.get(person.pk, ()))),
        )
        for person in people[:SHOWN]
    ]
