"""How what waits is sent: taken by one worker, tried again later, given up in the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import F, QuerySet
from django.utils import timezone

from appliance.accounts.models import User
from appliance.sources.models import WebhookTarget
from appliance.sources.models.saved import Outgoing
from appliance.sources.saved.outgoing import NotPosted, post
from appliance.sources.saved.targets import secret_of

logger = logging.getLogger(__name__)

SECONDS = 20.0  # of one round
MOST_AT_ONCE = 500
MOST_ATTEMPTS = 8
FIRST_WAIT_S = 10  # then three times as long each time: the last try after about three hours
LEASE = timedelta(minutes=5)  # so long a worker that died keeps others from what it took

State = Outgoing.State
Sent = TypeVar("Sent", bound=Outgoing)


def claimed(rows: QuerySet[Sent], *, seconds: float) -> Iterator[Sent]:
    """Give what is due, one after the other, until time is up; never what somebody else took."""
    deadline = time.monotonic() + seconds
    due = rows.filter(state=State.WAITING, due_at__lte=timezone.now()).order_by("due_at")
    for pk in list(due.values_list("pk", flat=True)[:MOST_AT_ONCE]):
        if time.monotonic() >= deadline:
            return
        if (one := _claim(rows, pk)) is not None:
            yield one


def _claim(rows: QuerySet[Sent], pk: int) -> Sent | None:
    now = timezone.now()
    taken = rows.model._default_manager.filter(pk=pk, state=State.WAITING, due_at__lte=now).update(
        due_at=now + LEASE, attempts=F("attempts") + 1
    )
    return rows.filter(pk=pk).first() if taken else None


def end(one: Outgoing, state: Outgoing.State) -> None:
    """Write down that nothing more is to be done."""
    type(one)._default_manager.filter(pk=one.pk).update(state=state, error="")
    logger.info("%s=%s state=%s", one._meta.model_name, one.pk, state)


def attempt(one: Outgoing, send: Callable[[], None]) -> bool:
    """Send it and write down what came of that; return whether it was taken."""
    try:
        send()
    except NotPosted as exc:
        _fail(one, exc)
        return False
    end(one, State.SENT)
    return True


def _fail(one: Outgoing, why: NotPosted) -> None:
    """Try again later, or give up."""
    is_over = why.is_final or one.attempts >= MOST_ATTEMPTS
    wait = FIRST_WAIT_S * 3 ** (one.attempts - 1)
    type(one)._default_manager.filter(pk=one.pk).update(
        state=State.FAILED if is_over else State.WAITING,
        due_at=timezone.now() + timedelta(seconds=wait),
        error=str(why)[:300],
    )
    logger.warning("%s=%s attempt=%s: %s", one._meta.model_name, one.pk, one.attempts, why)


def post_to(owner: User, one: Outgoing, body: Mapping[str, Any]) -> None:
    """Post a message to this person's webhook; what goes wrong stands on their page as well.
    Raises NotPosted."""
    target = WebhookTarget.objects.filter(owner=owner).first()
    if target is None:
        raise NotPosted("There is no webhook any more.", is_final=True)
    trouble = ""
    try:
        post(target.url, secret_of(target), str(one.uid), body)
    except NotPosted as exc:
        trouble = str(exc)[:300]
        raise
    finally:
        if trouble != target.trouble:
            WebhookTarget.objects.filter(pk=target.pk).update(trouble=trouble)
