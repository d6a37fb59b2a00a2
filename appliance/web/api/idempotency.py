"""Asking once, however often a program sends its request: the header Idempotency-Key.

The key holds for a day and for one token. What is kept is a digest of the request and which message
came of it: the same request again gets that message as it is then.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema

from appliance.accounts.models import ApiToken
from appliance.conversations.models import Message
from appliance.web.api.errors import Refused
from appliance.web.models import IdempotencyKey

KEPT = timedelta(hours=24)
LOST = timedelta(minutes=1)  # a request that has not ended by then died
KEY = re.compile(r"[\x21-\x7e]{1,255}")


def once(
    request: HttpRequest, token: ApiToken, body: Schema, act: Callable[[], Message]
) -> Message:
    """Do what a request asks for, unless its key says that it was done; return the message."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not KEY.fullmatch(key):
        raise Refused(422, "Idempotency-Key: 1 to 255 letters, digits or signs.", code="key")
    kept, is_new = _claimed(token, key, _digest(request.path, body))
    if not is_new:
        assert kept.message is not None  # noqa: S101  _claimed refuses it otherwise
        return kept.message
    try:
        with transaction.atomic():  # a crash leaves both or neither
            message = act()
            IdempotencyKey.objects.filter(pk=kept.pk).update(message=message)
    except Exception:
        kept.delete()  # nothing was asked: the key is free again
        raise
    return message


def _claimed(token: ApiToken, key: str, digest: str) -> tuple[IdempotencyKey, bool]:
    keys = IdempotencyKey.objects.filter(token=token)
    now = timezone.now()
    keys.filter(at__lt=now - KEPT).delete()
    keys.filter(key=key, message=None, at__lt=now - LOST).delete()
    kept, is_new = IdempotencyKey.objects.select_related("message__thread__owner").get_or_create(
        token=token, key=key, defaults={"digest": digest}
    )
    if kept.digest != digest:
        raise Refused(
            422, "This Idempotency-Key belongs to another request. Use a new one.", code="key_used"
        )
    if not is_new and kept.message is None:
        raise Refused(
            409,
            "The request with this Idempotency-Key is being done. Send it again in a moment.",
            headers={"Retry-After": "1"},
            code="in_progress",
        )
    return kept, is_new


def _digest(path: str, body: Schema) -> str:
    text = json.dumps([path, body.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
