"""The tokens by which a directory sends people and groups: shown once, kept as a hash."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import Directory, ScimToken, User
from appliance.accounts.tokens import hash_of
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record

PREFIX = "plumbscim_"
SHOWN = len(PREFIX) + 4
MAX_TOKEN = 200


def issue(directory: Directory, name: str, *, days: int, by: User) -> str:
    """Make a token and return it: the only time that anybody sees it."""
    token = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        made = ScimToken.objects.create(
            directory=directory,
            name=name,
            beginning=token[:SHOWN],
            hash=hash_of(token),
            created_by=by,
            expires_at=timezone.now() + timedelta(days=days),
        )
        record(Action.TOKEN_CREATED, actor=by, target=_target(made), details=_details(made))
    return token


def revoke(token: ScimToken, *, by: User) -> None:
    """Refuse a token from now on; doing it again changes nothing."""
    with transaction.atomic():
        now = timezone.now()
        if ScimToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            record(Action.TOKEN_REVOKED, actor=by, target=_target(token), details=_details(token))


def find_token(slug: str, text: str) -> ScimToken | None:
    """Return the token that opens this directory now, and note its use."""
    if not text.startswith(PREFIX) or len(text) > MAX_TOKEN:
        return None
    now = timezone.now()
    token = (
        ScimToken.objects.select_related("directory")
        .filter(
            hash=hash_of(text),
            revoked_at=None,
            expires_at__gt=now,
            directory__slug=slug,
            directory__is_enabled=True,
        )
        .first()
    )
    if token and (token.used_at is None or now - token.used_at > timedelta(minutes=1)):
        ScimToken.objects.filter(pk=token.pk).update(used_at=now)
    return token


def _target(token: ScimToken) -> Target:
    return Target("scim_token", str(token.pk), token.name)


def _details(token: ScimToken) -> dict[str, str]:
    return {"directory": token.directory.name, "expires_at": token.expires_at.isoformat()}
