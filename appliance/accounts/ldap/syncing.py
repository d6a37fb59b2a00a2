"""Brings what an LDAP directory says of all its people up to date."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, replace

from django.db import transaction
from django.utils import timezone

from appliance.accounts.ldap.config import config_of
from appliance.accounts.ldap.connection import opened
from appliance.accounts.ldap.errors import LdapError, LdapMisconfigured
from appliance.accounts.ldap.following import Plan, SyncReport, follow, plan_of
from appliance.accounts.ldap.reading import read_everybody
from appliance.accounts.models import Directory
from appliance.accounts.targets import actor_of
from appliance.audit.acting import Actor
from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import Target, record
from appliance.common.locking import alone

logger = logging.getLogger(__name__)

SYNC_SECONDS = 240.0  # for reading a whole directory
SYNC_LOCK = 0x4C444150  # first half of PostgreSQL's advisory locks of syncs


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
    began = timezone.now()
    with opened(config, seconds=SYNC_SECONDS) as link:
        everybody = read_everybody(link, config)
    # Of whom the directory told anew meanwhile, at a glance or a sign-in, this is the older word.
    older = directory.identities.filter(seen_at__lt=began)
    plan = plan_of(directory, older, everybody, config)
    if not go_on and plan.is_suspicious:
        return SyncReport(directory.name, people=plan.known, held=plan.losses, error=_held(plan))
    return follow(directory, plan, config, by)


def _held(plan: Plan) -> str:
    return (
        f"The directory would shut out {plan.losses} of {plan.known} people, or take all their "
        "groups. That looks like a fault of the directory, so nothing was changed. If it is meant, "
        "let the sync go on."
    )


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
