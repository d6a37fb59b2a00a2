"""Brings what an LDAP directory says of people up to date, whether or not they sign in.

Everything is read before anything is changed, and a directory that seems to have lost a large
part of its people is not believed until an admin says so.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace

from django.db import transaction
from django.utils import timezone

from appliance.accounts.ldap.arriving import attributes_of, note
from appliance.accounts.ldap.config import LdapConfig, config_of
from appliance.accounts.ldap.connection import opened
from appliance.accounts.ldap.errors import LdapError, LdapMisconfigured
from appliance.accounts.ldap.reading import Told, read_everybody
from appliance.accounts.leaving import disable, enable
from appliance.accounts.mapping import Mapper
from appliance.accounts.memberships import Change, set_memberships
from appliance.accounts.models import Directory, Identity, User
from appliance.accounts.targets import actor_of
from appliance.audit.acting import Actor
from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import Target, record
from appliance.common.locking import alone

logger = logging.getLogger(__name__)

SYNC_SECONDS = 240.0  # for reading a whole directory
# A sync that would shut out more people than this at once, and more than this share of those that
# are known, is held: servers that answer with half of their people look just like that.
FREE_LOSSES = 3
SHARE = 0.2
SYNC_LOCK = 0x4C444150  # first half of PostgreSQL's advisory locks of syncs


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
    def _leaving(self) -> int:
        return sum(1 for one in self.gone if one.is_active)


def sync_directory(directory: Directory, *, by: Actor = None, go_on: bool = False) -> SyncReport:
    """Sync one LDAP directory, one at a time; what went wrong stands in the report and on it.

    With `go_on` a sync that would shut out many people is done all the same.
    """
    started = time.monotonic()
    with alone(SYNC_LOCK, directory.pk) as is_alone:
        if not is_alone:
            return SyncReport(directory.name, is_busy=True)
        try:
            report = _sync(directory, by or actor_of(directory), go_on=go_on)
        except LdapError as exc:
            report = SyncReport(directory.name, error=str(exc))
        report = replace(report, seconds=round(time.monotonic() - started, 3))
        _conclude(directory, report, by)
    logger.info(
        "directory=%s people=%d joined=%d left=%d disabled=%d enabled=%d held=%d seconds=%.1f %s",
        directory.slug,
        report.people,
        report.joined,
        report.left,
        report.disabled,
        report.enabled,
        report.held,
        report.seconds,
        report.error,
    )
    return report


def _sync(directory: Directory, by: Actor, *, go_on: bool) -> SyncReport:
    config = config_of(directory)
    if config.bind_template:
        raise LdapMisconfigured(
            "People bind directly here: for a sync, give the directory a service account."
        )
    with opened(config, seconds=SYNC_SECONDS) as link:
        everybody = read_everybody(link, config)
    mapper = Mapper(directory)
    plan = _plan(directory, everybody, mapper, config)
    if not go_on and _is_suspicious(plan):
        return SyncReport(directory.name, people=plan.known, held=plan.losses, error=_held(plan))
    return _apply(directory, plan, mapper, config, by)


def _plan(
    directory: Directory, everybody: dict[str, Told], mapper: Mapper, config: LdapConfig
) -> Plan:
    plan = Plan()
    had = set(directory.belongings.values_list("user_id", flat=True))
    known = directory.identities.exclude(subject="").select_related("user", "directory")
    for identity in known:
        told = everybody.get(identity.subject)
        if told is None or told.person.is_disabled:
            plan.gone.append(identity)
            continue
        plan.present.append((identity, told))
        if config.groups_base and identity.user_id in had and not told.groups:
            plan.emptied += 1
    return plan


def _is_suspicious(plan: Plan) -> bool:
    many = plan.losses > FREE_LOSSES and plan.losses > SHARE * plan.known
    return many or (plan.known > 1 and plan.losses == plan.known)


def _held(plan: Plan) -> str:
    return (
        f"The directory would shut out {plan.losses} of {plan.known} people, or take all their "
        "groups. That looks like a fault of the directory, so nothing was changed. If it is meant, "
        "let the sync go on."
    )


def _apply(
    directory: Directory, plan: Plan, mapper: Mapper, config: LdapConfig, by: Actor
) -> SyncReport:
    now_in, known = _memberships(directory), plan.known
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
    seen = [identity.pk for identity, _ in plan.present]
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


def _conclude(directory: Directory, report: SyncReport, by: Actor) -> None:
    """Write down how it went; a record only of what changed something, or was asked for."""
    fields = {"sync_error": report.error, "sync_held": report.held}
    if not report.error:
        fields["synced_at"] = timezone.now()
    with transaction.atomic():
        Directory.objects.filter(pk=directory.pk).update(**fields)
        news = report.error and report.error != directory.sync_error
        if by is not None or report.changes or news:
            record(
                Action.DIRECTORY_SYNCED,
                actor=by or actor_of(directory),
                target=Target("directory", str(directory.pk), directory.name),
                outcome=Outcome.FAILED if report.error else Outcome.DONE,
                details=asdict(report),
            )
    directory.refresh_from_db(fields=["sync_error", "sync_held", "synced_at"])
