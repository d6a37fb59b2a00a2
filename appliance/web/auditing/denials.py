"""Notes when somebody asks for what is there but not theirs: they were told that it does not exist.

This runs after the answer was sent, so that it changes neither the answer nor how long it takes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.actions import Action, Outcome
from appliance.audit.errors import NotRecorded
from appliance.audit.models import Event
from appliance.audit.recording import Target, record
from appliance.conversations.access import readable_threads
from appliance.conversations.models import Evidence, Message, Thread
from appliance.sources.access import known_sources, scope_of
from indexer.models import Document, Source

logger = logging.getLogger(__name__)

ONCE = timedelta(minutes=1)
MOST = 60  # of one person within it: who tries every number must not fill the record
# Pages for some roles: that they exist is no secret, that somebody looked for them is told.
GUARDED = ("audit", "connect", "credential", "curat", "evaluation", "source_connect", "unanswered")

Given = Mapping[str, Any]


def note_denied(request: HttpRequest) -> None:
    """Record that somebody was denied what is there: once a minute for each person and thing, and
    not more than some things a minute."""
    match = request.resolver_match
    user = getattr(request, "user", None)
    if match is None or not isinstance(user, User):
        return
    is_own = connection.connection is not None
    try:
        target = _target_of(user, match.url_name or "", match.kwargs)
        if target is not None and not _was_noted(user, target):
            record(
                Action.DENIED,
                actor=user,
                target=target,
                outcome=Outcome.DENIED,
                request=request,
                details={"page": match.url_name or "", "method": request.method or ""},
            )
    except (DatabaseError, NotRecorded):  # nothing was shown: there is nothing to take back
        logger.exception("a denial could not be recorded")
    finally:
        if not is_own:
            connection.close()  # this thread answers no request that would


def _target_of(user: User, page: str, given: Given) -> Target | None:
    """Return what the address names, when it is there and not this person's."""
    for name, find in FINDERS.items():
        if name in given:
            return find(user, given)
    return Target("page", page) if page.startswith(GUARDED) else None


def _thread(user: User, given: Given) -> Target | None:
    thread = Thread.objects.filter(pk=given["thread_id"]).first()
    if thread is None or readable_threads(user).filter(pk=thread.pk).exists():
        return None
    return Target("thread", str(thread.pk))


def _message(user: User, given: Given) -> Target | None:
    message = Message.objects.filter(pk=given["message_id"]).first()
    if message is None or readable_threads(user).filter(pk=message.thread_id).exists():
        return None
    return Target("message", str(message.pk))


def _source(user: User, given: Given) -> Target | None:
    source = _source_called(given["name"])
    if source is None:
        return None
    return Target("source", str(source.pk), source.name)


def _file(user: User, given: Given) -> Target | None:
    source, path = _source_called(given["source"]), given["path"]
    if source is None or "\0" in path:
        return None
    if not known_sources(user).filter(pk=source.pk).exists():
        return Target("source", str(source.pk), source.name)
    is_there = (
        Document.objects.filter(source=source, path=path).exists()
        or Evidence.objects.filter(source=source, path=path).exists()
    )
    if not is_there or scope_of(user).allows(source.pk, path):
        return None
    return Target("file", str(source.pk), f"{source.name}:{path}")


def _source_called(name: str) -> Source | None:
    return None if "\0" in name else Source.objects.filter(name=name).first()


def _guarded(kind: str, key: str) -> Callable[[User, Given], Target | None]:
    """Return a finder for what only some roles may touch, whether it is there or not."""
    return lambda user, given: Target(kind, str(given[key]))


FINDERS: Mapping[str, Callable[[User, Given], Target | None]] = {
    "thread_id": _thread,
    "message_id": _message,
    "source": _file,
    "name": _source,
    "credential_id": _guarded("credential", "credential_id"),
    "run_id": _guarded("evaluation run", "run_id"),
    "set_id": _guarded("golden set", "set_id"),
    "sequence": _guarded("audit record", "sequence"),
}


def _was_noted(user: User, target: Target) -> bool:
    lately = Event.objects.filter(
        action=Action.DENIED, actor_id=user.pk, at__gte=timezone.now() - ONCE
    )
    fields = ("object_kind", "object_id", "object_name")
    noted = list(lately.order_by().values_list(*fields)[:MOST])
    return len(noted) >= MOST or (target.kind, target.id, target.name) in noted
