"""People here follow what an LDAP directory says of them, whether or not they sign in.

What is to be done is decided before anything is changed, and a directory that seems to have lost a
large part of its people is not believed until an admin says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from appliance.accounts.ldap.arriving import attributes_of, note
from appliance.accounts.ldap.config import LdapConfig
from appliance.accounts.ldap.reading import Told
from appliance.accounts.leaving import disable, enable
from appliance.accounts.mapping import Mapper
from appliance.accounts.memberships import Change, set_memberships
from appliance.accounts.models import Directory, Identity, User
from appliance.audit.acting import Actor

# A sync that would shut out more people than this at once, and more than this share of those that
# are known, is held: servers that answer with half of their people look just like that.
FREE_LOSSES = 3
SHARE = 0.2


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one sync did."""

    directory: str
    people: int = 0  # known here
    joined: int = 0  # memberships
    left: int = 0
    disabled: int = 0
    enabled: int = 0
    held: int = 0  # would have been shut out; nothing was changed
    error: str = ""
    seconds: float = 0.0
    is_busy: bool = False  # another sync of this directory runs

    @property
    def changes(self) -> int:
        return self.joined + self.left + self.disabled + self.enabled


@dataclass(slots=True)
class Plan:
    """Who is touched by a sync, decided before anything is changed."""

    gone: list[Identity] = field(default_factory=list)  # or disabled there
    present: list[tuple[Identity, Told]] = field(default_factory=list)
    emptied: int = 0  # lose every group that they had by the directory

    @property
    def known(self) -> int:
        """Return how many the directory had at the last look."""
        return self._leaving + len(self.present)

    @property
    def losses(self) -> int:
        return self._leaving + self.emptied

    @property
    def is_suspicious(self) -> bool:
        """Whether it looks like a server that answers with a part of its people."""
        many = self.losses > FREE_LOSSES and self.losses > SHARE * self.known
        return many or (self.known > 1 and self.losses == self.known)

    @property
    def _leaving(self) -> int:
        return sum(1 for one in self.gone if one.is_active)


def plan_of(
    directory: Directory,
    identities: QuerySet[Identity],
    everybody: Mapping[str, Told],
    config: LdapConfig,
) -> Plan:
    """Return what becomes of these people by what the directory told of them."""
    plan = Plan()
    had = set(directory.belongings.values_list("user_id", flat=True))
    known = identities.filter(directory=directory).exclude(subject="")
    for identity in known.select_related("user", "directory"):
        told = everybody.get(identity.subject)
        if told is None or told.person.is_disabled:
            plan.gone.append(identity)
            continue
        plan.present.append((identity, told))
        if config.groups_base and identity.user_id in had and not told.groups:
            plan.emptied += 1
    return plan


def follow(directory: Directory, plan: Plan, config: LdapConfig, by: Actor) -> SyncReport:
    """Do what was planned, person by person: each is done whole or not at all."""
    now_in, known, mapper = _memberships(directory), plan.known, Mapper(directory)
    changes: list[Change] = []
    counted: Counter[str] = Counter()
    for identity in plan.gone:
        changes.append(_shut_out(identity, by, counted))
    for identity, told in plan.present:
        with transaction.atomic():
            if not identity.is_active:
                _let_in(identity, by, counted)
            if config.groups_base:
                groups = mapper.groups_for(told.groups)
                if {group.pk for group in groups} != now_in.get(identity.user_id, set()):
                    changes.append(set_memberships(directory, identity.user, groups))
            if identity.attributes != attributes_of(told):
                note(identity, told)
    # Of who is gone too: a sync that began to read before this must not let them in again.
    seen = [identity.pk for identity in (*plan.gone, *(one for one, _ in plan.present))]
    directory.identities.filter(pk__in=seen).update(seen_at=timezone.now())
    return SyncReport(
        directory.name,
        people=known,
        joined=sum(len(change.added) for change in changes),
        left=sum(len(change.removed) for change in changes),
        disabled=counted["disabled"],
        enabled=counted["enabled"],
    )


def _memberships(directory: Directory) -> dict[int, set[int]]:
    """Return the groups that each person has of this directory, as far as they are still in them."""
    joined = User.groups.through.objects.filter(user__belongings__directory=directory)
    in_now = set(joined.values_list("user_id", "group_id"))
    found: dict[int, set[int]] = {}
    for user, group in directory.belongings.values_list("user_id", "group_id"):
        if (user, group) in in_now:
            found.setdefault(user, set()).add(group)
    return found


def _shut_out(identity: Identity, by: Actor, counted: Counter[str]) -> Change:
    with transaction.atomic():
        if identity.is_active:
            identity.is_active = False
            identity.save(update_fields=["is_active"])
            # Once only: whom an admin lets in again by hand afterwards stays in.
            counted["disabled"] += disable(
                identity.user,
                by=by,
                why="The directory disabled or removed this person.",
                even_last_admin=True,
            )
        return set_memberships(identity.directory, identity.user, [])


def _let_in(identity: Identity, by: Actor, counted: Counter[str]) -> None:
    identity.is_active = True
    identity.save(update_fields=["is_active"])
    counted["enabled"] += enable(identity.user, by=by, why="The directory has this person again.")
