"""Records what was refused at doors that anybody may knock at, without filling the record.

Counted in the record itself, so that all processes count together and a restart forgets nothing. Of
a flood the last record that is written says that there is more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.actions import Action, Outcome
from appliance.audit.models import Event
from appliance.audit.recording import Target, record

RECORDED_WITHIN = timedelta(minutes=1)
# Of one kind in a minute, from all addresses: an attack must not fill the record.
MOST_RECORDED = 60


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def record_refusal(
    request: HttpRequest,
    reason: str,
    *,
    action: Action = Action.TOKEN_REFUSED,
    actor: User | None = None,
    target: Target | None = None,
    details: Mapping[str, str] | None = None,
    each: bool = False,
) -> None:
    """Record a refusal, once a minute for each address, target and reason; or each, as far as there is room."""
    target, reason = target or Target(""), reason[:300]
    since = timezone.now() - RECORDED_WITHIN
    # By what it was: who floods with tokens that nobody knows hides no use of one that was revoked.
    lately = Event.objects.filter(
        action=action, outcome=Outcome.DENIED, object_kind=target.kind, at__gt=since
    )
    fields = ("address", "object_id", "object_name", "details__reason")
    known = list(lately.order_by().values_list(*fields)[:MOST_RECORDED])
    this = (address_of(request)[:64], target.id, target.name, reason)
    if (this in known and not each) or len(known) >= MOST_RECORDED:
        return
    more = {"further": "not recorded"} if len(known) == MOST_RECORDED - 1 else {}
    record(
        action,
        actor=actor,
        target=target,
        outcome=Outcome.DENIED,
        request=request,
        details={"reason": reason, **(details or {}), **more},
    )
