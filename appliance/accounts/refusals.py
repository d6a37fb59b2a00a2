"""Records what was refused at a door that anybody may knock at, without filling the record."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.actions import Action, Outcome
from appliance.audit.models import Event
from appliance.audit.recording import Target, record

RECORDED_WITHIN = timedelta(minutes=1)
MOST_RECORDED = 30  # refusals a minute, one for each address: an attack must not fill the record


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def record_refusal(
    request: HttpRequest, reason: str, *, actor: User | None = None, target: Target | None = None
) -> None:
    """Record a refused token, once a minute for each address and target."""
    lately = Event.objects.filter(
        action=Action.TOKEN_REFUSED, at__gt=timezone.now() - RECORDED_WITHIN
    )
    known = list(lately.values_list("address", "object_kind", "object_id")[:MOST_RECORDED])
    this = (address_of(request)[:64], target.kind if target else "", target.id if target else "")
    if this in known or len(known) >= MOST_RECORDED:
        return
    record(
        Action.TOKEN_REFUSED,
        actor=actor,
        target=target,
        outcome=Outcome.DENIED,
        request=request,
        details={"reason": reason[:300]},
    )
