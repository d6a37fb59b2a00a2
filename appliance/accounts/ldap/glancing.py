"""Looks, every few seconds, at the people of an LDAP directory who are at work here this minute.

A sync reads everybody and takes its time; who was disabled, removed or taken out of a group while
they have a page open is out within seconds. Who is not at work here is reached by the next sync.
"""

from __future__ import annotations

import logging

from appliance.accounts.directories.working import GLANCE_LOCK, at_work
from appliance.accounts.ldap.config import config_of
from appliance.accounts.ldap.connection import opened
from appliance.accounts.ldap.errors import LdapError
from appliance.accounts.ldap.following import SyncReport, follow, plan_of
from appliance.accounts.ldap.reading import read_some
from appliance.accounts.models import Directory
from appliance.accounts.targets import actor_of
from appliance.common.locking import alone

logger = logging.getLogger(__name__)

GLANCE_SECONDS = 4.0


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
