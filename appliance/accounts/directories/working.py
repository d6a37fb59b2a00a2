"""Who of a directory is at work here: those about whom it is asked every few seconds."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from appliance.accounts.models import Directory, Identity

AT_WORK = timedelta(minutes=10)  # since they were last seen; longer than a sync takes to come
# Whom the directory told of longest ago come first, so that everybody's turn comes round.
MOST_AT_ONCE = 200
GLANCE_LOCK = 0x4C444147  # first half of PostgreSQL's advisory locks of glances


def at_work(directory: Directory) -> QuerySet[Identity]:
    """Return who of a directory was here lately, by a page or by a program."""
    lately = timezone.now() - AT_WORK
    seen = Q(user__usersession__last_seen_at__gt=lately) | Q(
        user__api_tokens__revoked_at=None, user__api_tokens__last_used_at__gt=lately
    )
    known = directory.identities.exclude(subject="").filter(seen, user__is_active=True)
    pks = known.order_by("seen_at", "pk").values_list("pk", "seen_at").distinct()[:MOST_AT_ONCE]
    return directory.identities.filter(pk__in=[pk for pk, _ in pks])
