"""What an admin does with access rules: every change with its record, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from appliance.accounts.models import User
from appliance.audit.acting import COMMAND_LINE, Actor
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.sources.models import Grant
from indexer.models import Source


def set_grant(
    holder: str | Group | User,
    source: Source,
    path_pattern: str = "",
    *,
    allow: bool = True,
    expires_at: datetime | None = None,
    reason: str = "",
    by: Actor = COMMAND_LINE,
) -> Grant:
    """Allow or deny a group or a person these paths. The text is a group's name, which is made
    when it is new; a rule for the same paths is replaced."""
    with transaction.atomic():
        if isinstance(holder, str):
            holder, _ = Group.objects.get_or_create(name=holder)
        kept = {
            "allow": allow,
            "expires_at": expires_at,
            "reason": reason.strip(),
            "created_by": _name_of(by)[:200],
        }
        grant, is_new = Grant.objects.update_or_create(
            group=holder if isinstance(holder, Group) else None,
            user=holder if isinstance(holder, User) else None,
            source=source,
            path_pattern=path_pattern.strip(),
            imported_by=None,
            defaults=kept,
        )
        action = Action.GRANT_ADDED if is_new else Action.GRANT_CHANGED
        record(action, actor=by, target=target_of(grant), details=described(grant))
    return grant


def revoke_grant(grant: Grant, *, by: Actor = COMMAND_LINE) -> None:
    with transaction.atomic():
        record(Action.GRANT_REVOKED, actor=by, target=target_of(grant), details=described(grant))
        grant.delete()


def described(grant: Grant) -> Mapping[str, Any]:
    """Return a rule for the record: by names, which outlive the rows."""
    holder, imported_by = grant.holder, grant.imported_by
    told = {
        "person" if isinstance(holder, User) else "group": _name_of(holder),
        "holder_id": holder.pk,
        "paths": grant.path_pattern,
        "allow": grant.allow,
        "until": grant.expires_at.isoformat() if grant.expires_at else "",
        "reason": grant.reason,
    }
    if imported_by is not None:  # its end moves on with each sync
        told |= {"until": "", "host": str(imported_by.host)}
    return told


def target_of(grant: Grant) -> Target:
    """Return whose rule it is in the record: its source."""
    return Target("source", str(grant.source_id), grant.source.name)


def _name_of(holder: Actor | Group) -> str:
    if isinstance(holder, Group):
        return holder.name
    return holder if isinstance(holder, str) else (holder.get_username() if holder else "")
