"""Looks, every few seconds, at the people of an LDAP directory who are at work here this minute.

A sync reads everybody and takes its time; who was disabled, removed or taken out of a group while
they have a page open is out within seconds. Who is not at work here is reached by the next sync.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from appliance.accounts.ldap.config import config_of
from appliance.accounts.ldap.connection import opened
from appliance.accounts.ldap.errors import LdapError
from appliance.accounts.ldap.following import SyncReport, follow, plan_of
from appliance.accounts.ldap.reading import read_some
from appliance.accounts.models import Directory, Identity
from appliance.accounts.targets import actor_of
from appliance.common.locking import alone

logger = logging.getLogger(__name__)

AT_WORK = timedelta(minutes=10)  # since they were last seen; longer than a sync takes to come
# Whom the directory told of longest ago come first, so that everybody's turn comes round.
MOST_AT_ONCE = 200
GLANCE_SECONDS = 4.0
GLANCE_LOCK = 0x4C444147  # first half of PostgreSQL's advisory locks of glances


def glance(directory: Directory) -> SyncReport | None:
    """Follow what a directory says of who is at work; None when that cannot be told now.

    What is wrong with a server the sync tells, and it alone decides about many losses at once.
    """
    with alone(GLANCE_LOCK, directory.pk) as is_alone:
        if not is_alone:
            return None
        try:
            return _glance(directory)
        except LdapError as exc:
            logger.info("directory=%s no glance: %s", directory.slug, exc)
            return None


def at_work(directory: Directory) -> QuerySet[Identity]:
    """Return who of a directory was here lately, by a page or by a program."""
    lately = timezone.now() - AT_WORK
    seen = Q(user__usersession__last_seen_at__gt=lately) | Q(
        user__api_tokens__revoked_at=None, user__api_tokens__last_used_at__gt=lately
    )
    known = directory.identities.exclude(subject="").filter(seen, user__is_active=True)
    pks = known.order_by("seen_at", "pk").values_list("pk", "seen_at").distinct()[:MOST_AT_ONCE]
    return directory.identities.filter(pk__in=[pk for pk, _ in pks])


def _glance(directory: Directory) -> SyncReport | None:
    config = config_of(directory)
    people = at_work(directory)
    subjects = list(people.values_list("subject", flat=True))
    if config.bind_template or not subjects:
        return None
    with opened(config, seconds=GLANCE_SECONDS) as link:
        told = read_some(link, config, subjects)
    plan = plan_of(directory, people, told, config)
    if plan.is_suspicious:
        return None
    report = follow(directory, plan, config, actor_of(directory))
    if report.changes:
        logger.info(
            "directory=%s glance disabled=%d left=%d joined=%d",
            directory.slug,
            report.disabled,
            report.left,
            report.joined,
        )
    return report
