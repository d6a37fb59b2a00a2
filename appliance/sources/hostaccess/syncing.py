"""Makes the rules of a source what its host says, whole, with a record of each that came or went.

Every rule that a host brought has an end, which each good sync moves on: a host that does not
answer, or that is not believed, loses its word after a while by itself, and nothing has to run for
that. See docs/decisions/0049-permissions-of-code-hosts.md.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.acting import Actor
from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import Entry, Target, record, record_all
from appliance.common.locking import alone
from appliance.sources.granting import described, target_of
from appliance.sources.hostaccess.asking import ask
from appliance.sources.hostaccess.planning import Plan, plan
from appliance.sources.models import Grant, HostAccess, HostMember, HostPerson
from indexer.errors import FetchError
from indexer.hosting.members.values import HostedAccess
from indexer.hosting.values import HostLimits

logger = logging.getLogger(__name__)

SYNC_LOCK = 0x484F5354  # first half of PostgreSQL's advisory locks of these syncs


@dataclass(frozen=True, slots=True)
class Report:
    """What one sync did."""

    people: int = 0  # read by the host's word now
    unmatched: int = 0
    gained: int = 0
    lost: int = 0
    held: int = 0  # would have been shut out; nothing was changed
    error: str = ""
    is_busy: bool = False  # another sync of this source runs

    @property
    def changes(self) -> int:
        return self.gained + self.lost


def sync_access(
    access: HostAccess,
    *,
    by: Actor = None,
    go_on: bool = False,
    limits: HostLimits | None = None,
) -> Report:
    """Ask the host and follow it, one at a time; what went wrong stands in the report and the row.

    With `go_on` a sync that would shut out many is done all the same.
    """
    with alone(SYNC_LOCK, access.pk) as is_alone:
        if not is_alone:
            return Report(is_busy=True)
        try:
            report = _follow(access, ask(access.host, access.source, limits=limits), by, go_on)
        except FetchError as exc:
            report = Report(error=str(exc))
        _conclude(access, report, by)
    logger.info(
        "source=%s host=%s people=%d unmatched=%d gained=%d lost=%d held=%d %s",
        access.source_id,
        access.host,
        report.people,
        report.unmatched,
        report.gained,
        report.lost,
        report.held,
        report.error,
    )
    return report


def lapse_at(now: datetime | None = None) -> datetime:
    """Return until when a host's word counts that was heard now."""
    hours = timedelta(hours=settings.HOST_ACCESS_LAPSE_HOURS)
    return (now or timezone.now()) + hours


def _follow(access: HostAccess, told: HostedAccess, by: Actor, go_on: bool) -> Report:
    with transaction.atomic():
        locked = HostAccess.objects.select_for_update().filter(pk=access.pk).first()
        if locked is None:
            return Report(error="The permissions of the host are no longer taken.")
        planned = plan(access.source, access.host, told)
        if locked.repository_id not in {"", told.repository_id} and not go_on:
            return Report(held=max(1, len(planned.loses)), error=_replaced(access))
        if planned.is_suspicious and not go_on:
            return Report(held=len(planned.loses), error=_held(planned))
        _write(access, planned, by or f"code host {access.host}")
    return Report(
        people=len(planned.people),
        unmatched=len(planned.unmatched),
        gained=len(planned.gains),
        lost=len(planned.loses),
    )


def _replaced(access: HostAccess) -> str:
    return (
        f"Another repository stands at this address of {access.host} than before, so its members "
        "may be others' too. Nothing was changed. If it is meant, let the sync go on."
    )


def _held(planned: Plan) -> str:
    return (
        f"The host would shut out {len(planned.loses)} of {planned.known} who read by its word. "
        "That looks like a fault of the host, so nothing was changed. If it is meant, let the sync "
        "go on."
    )


def _write(access: HostAccess, planned: Plan, by: Actor) -> None:
    now = timezone.now()
    new = [_grant(access, holder, now) for holder in planned.gains]
    entries = [_entry(Action.GRANT_REVOKED, grant) for grant in planned.loses]
    access.grants.filter(pk__in=[grant.pk for grant in planned.loses]).delete()
    access.grants.update(expires_at=lapse_at(now))
    Grant.objects.bulk_create(new)
    _remember(access, planned)
    HostAccess.objects.filter(pk=access.pk).update(
        repository_id=planned.told.repository_id,
        visibility=planned.told.visibility,
        synced_at=now,
    )
    record_all([*entries, *(_entry(Action.GRANT_ADDED, grant) for grant in new)], actor=by)


def _grant(access: HostAccess, holder: User | Group, now: datetime) -> Grant:
    return Grant(
        user=holder if isinstance(holder, User) else None,
        group=holder if isinstance(holder, Group) else None,
        source=access.source,
        expires_at=lapse_at(now),
        created_by=str(access.host)[:200],
        imported_by=access,
    )


def _entry(action: Action, grant: Grant) -> Entry:
    return Entry(action, target_of(grant), details=described(grant))


def _remember(access: HostAccess, planned: Plan) -> None:
    """Keep the list of accounts for the page, and who was recognised for good."""
    access.members.all().delete()
    HostMember.objects.bulk_create(
        HostMember(
            access=access,
            account_id=one.member.id[:30],
            user_name=one.member.user_name[:300],
            email=one.member.email[:300],
            right=one.member.right[:200],
            user=one.user,
            why=one.why,
        )
        for one in planned.matched
    )
    HostPerson.objects.bulk_create(
        (
            HostPerson(
                host=access.host,
                account_id=one.member.id[:30],
                user_name=one.member.user_name[:300],
                user=one.user,
            )
            for one in planned.matched
            if one.is_new and one.user is not None
        ),
        ignore_conflicts=True,
    )


def _conclude(access: HostAccess, report: Report, by: Actor) -> None:
    """Write down how it went; a record only of what changed something, or was asked for."""
    with transaction.atomic():
        there = HostAccess.objects.filter(pk=access.pk)
        if not there.update(tried_at=timezone.now(), error=report.error, held=report.held):
            return  # switched off meanwhile
        news = report.error and report.error != access.error
        if by is not None or report.changes or news:
            record(
                Action.HOST_ACCESS_SYNCED,
                actor=by or f"code host {access.host}",
                target=Target("source", str(access.source_id), access.source.name),
                outcome=Outcome.FAILED if report.error else Outcome.DONE,
                details=asdict(report),
            )
    access.refresh_from_db()
