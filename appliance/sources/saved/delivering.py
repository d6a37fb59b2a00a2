"""Sends what waits: by mail and to webhooks, with further tries, and only what may be told then.

Whether somebody is still here and may still read the places is asked again at the moment of
sending. A webhook is posted until it is taken, under one id, by which its receiver knows a second
copy. A mail has no such id that programs heed: it is marked before it is given away, and one whose
worker died in between is not sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.utils import timezone

from appliance.common.mail import automatic_mail
from appliance.sources.access import granted_scope_of
from appliance.sources.models import Delivery
from appliance.sources.saved.outgoing import NotPosted
from appliance.sources.saved.places import Place, readable
from appliance.sources.saved.sending import SECONDS, attempt, claimed, end, post_to

NAMED_PLACES = 20

State, Road = Delivery.State, Delivery.Road


def deliver_waiting(*, seconds: float = SECONDS) -> int:
    """Send what is due; return how many were sent."""
    _give_up_dead_mails()
    waiting = Delivery.objects.select_related("notification__owner", "notification__search")
    return sum(_deliver(delivery) for delivery in claimed(waiting, seconds=seconds))


def _give_up_dead_mails() -> None:
    dead = Delivery.objects.filter(state=State.SENDING, due_at__lte=timezone.now())
    dead.update(state=State.FAILED, error="It was being sent when the worker ended.")


def _deliver(delivery: Delivery) -> bool:
    owner = delivery.notification.owner
    places = readable(delivery.notification.places, granted_scope_of(owner))
    if not owner.is_active or not places:
        end(delivery, State.DROPPED)
        return False
    if delivery.road == Road.MAIL:
        return attempt(delivery, lambda: _mail(delivery, places))
    return attempt(delivery, lambda: post_to(owner, delivery, payload(delivery, places)))


def _mail(delivery: Delivery, places: Sequence[Place]) -> None:
    to = delivery.notification.owner.email
    if not settings.EMAIL_HOST or not to:
        raise NotPosted("There is no mail relay or no address.", is_final=True)
    delivery.state = State.SENDING
    delivery.save(update_fields=["state"])
    subject = f"New matches: {delivery.notification.search.name}"
    message = automatic_mail(subject, _text(delivery, places), to, message_id=str(delivery.uid))
    try:
        message.send()
    except (OSError, SMTPException) as exc:
        raise NotPosted(f"The mail relay did not take it: {type(exc).__name__}.") from exc


def _text(delivery: Delivery, places: Sequence[Place]) -> str:
    count = sum(place.count for place in places)
    lines = [f"“{delivery.notification.search.name}” has {count} new "
             f"match{'' if count == 1 else 'es'} in {len(places)} file{'' if len(places) == 1 else 's'}:", ""]  # fmt: skip
    lines += [f"  {place.source}  {place.path}  ({place.count})" for place in places[:NAMED_PLACES]]
    if len(places) > NAMED_PLACES:
        lines.append(f"  and {len(places) - NAMED_PLACES} more")
    return "\n".join([*lines, "", link()])


def payload(delivery: Delivery, places: Sequence[Place]) -> dict[str, Any]:
    """Return what is posted: names, paths and counts, and never code."""
    notification = delivery.notification
    return {
        "type": "search.matched",
        "timestamp": notification.created_at.isoformat(),
        "data": {
            "search": {"id": notification.search_id, "name": notification.search.name},
            "count": sum(place.count for place in places),
            "places": [
                {"source": one.source, "path": one.path, "count": one.count} for one in places
            ],
            "url": link(),
        },
    }


def link() -> str:
    """Return where notifications are read; without a setting for it the path alone."""
    return f"{settings.ADDRESS}/notifications/"
