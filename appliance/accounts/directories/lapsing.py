"""Whom a provider does not vouch for any more: shut out until they sign in through it again.

OpenID Connect and SAML tell who comes, never who left. A sign-in that the provider does not renew
(oidc/renewing.py), or that is older than the admin allows, lapses: sessions end, and tokens open
nothing until the next sign-in, after which they count again.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from appliance.accounts.leaving import disable
from appliance.accounts.models import Directory, Identity
from appliance.accounts.targets import actor_of

HOURS = "sign_in_hours"  # setting of a directory: how old a sign-in may become
TOO_OLD = "Their last sign-in through this directory is older than it may be."


def lapse(identity: Identity, why: str) -> bool:
    """Shut somebody out until they sign in again; not who has done so since the row was read."""
    with transaction.atomic():
        # As a sign-in does: the directory first.
        Directory.objects.select_for_update().get(pk=identity.directory_id)
        same = Identity.objects.filter(
            pk=identity.pk, sealed_renewal=identity.sealed_renewal, seen_at=identity.seen_at
        )
        if not same.update(sealed_renewal=b"", lapsed_at=timezone.now()):
            return False
        return disable(
            identity.user, by=actor_of(identity.directory), why=why, even_last_admin=True
        )


def lapse_old() -> int:
    """Shut out whose sign-in or renewal is too old; return how many that were."""
    enabled = Directory.objects.filter(is_enabled=True, settings__has_key=HOURS)
    limits = {one: one.settings.get(HOURS) for one in enabled}
    lapsed = 0
    for directory, hours in limits.items():
        if hours:
            last = timezone.now() - timedelta(hours=int(hours))
            old = directory.identities.filter(seen_at__lt=last, user__is_active=True)
            old = old.exclude(signed_in_at=None).select_related("user", "directory")
            lapsed += sum(lapse(identity, TOO_OLD) for identity in old)
    return lapsed
