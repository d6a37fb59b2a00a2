"""Finds what is to be told: a comparison with what was told, and not a list that could be lost.

So an answer that ended while nobody looked is told at the next look, and a worker may die at any
moment. What is older than a day, or than the owner's wish, is no news any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.conversations.living.models import ChangedAnswer
from appliance.conversations.models import Message
from appliance.conversations.posting.models import AnswerNews
from appliance.sources.models import WebhookTarget

NEWS = timedelta(days=1)
KEPT = 3 * NEWS  # by what was told: longer than anything counts as news
MOST_AN_HOUR = 200  # of one person; what is more waits
ENDED = (Message.State.DONE, Message.State.STOPPED, Message.State.FAILED)
APPLIANCE = "appliance"

Kind = AnswerNews.Kind
News = tuple[UUID, Kind, datetime]


def notice() -> int:
    """Write down what is to be told of whose answers; return how much that was."""
    wanted = Q(answers_since__isnull=False) | Q(changes_since__isnull=False)
    targets = WebhookTarget.objects.filter(wanted, owner__is_active=True)
    made = sum(_notice(pk) for pk in targets.order_by("pk").values_list("pk", flat=True))
    AnswerNews.objects.filter(at__lt=timezone.now() - KEPT).delete()
    return made


@transaction.atomic
def _notice(target_id: int) -> int:
    locked = WebhookTarget.objects.select_for_update(skip_locked=True, of=("self",))
    target = locked.select_related("owner").filter(pk=target_id).first()
    if target is None:  # removed, or somebody else is at it
        return 0
    news = [*_ended(target), *_changed(target)][: _room(target)]
    AnswerNews.objects.bulk_create(
        AnswerNews(message_id=message_id, kind=kind, at=at) for message_id, kind, at in news
    )
    for message_id, kind, _ in news:
        details = {"news": str(kind), "person": target.owner.get_username()}
        record(
            Action.ANSWER_TOLD,
            actor=APPLIANCE,
            target=Target("answer", str(message_id)),
            details=details,
        )
    return len(news)


def _room(target: WebhookTarget) -> int:
    """Return how much more may be told to this person within the hour."""
    since = timezone.now() - timedelta(hours=1)
    lately = AnswerNews.objects.filter(message__thread__owner=target.owner_id, made_at__gt=since)
    return max(0, MOST_AN_HOUR - lately.count())


def _ended(target: WebhookTarget) -> list[News]:
    if target.answers_since is None:
        return []
    told = AnswerNews.objects.filter(message=OuterRef("pk"), kind=Kind.ENDED)
    ended = _answers_of(target).filter(
        state__in=ENDED, created_at__gte=max(target.answers_since, timezone.now() - NEWS)
    )
    fresh = ended.exclude(Exists(told)).exclude(receipt__has_key="copied").order_by("created_at")
    rows = fresh.values_list("pk", "created_at")[:MOST_AN_HOUR]
    return [(pk, Kind.ENDED, at) for pk, at in rows]


def _changed(target: WebhookTarget) -> list[News]:
    if target.changes_since is None:
        return []
    told = AnswerNews.objects.filter(
        message=OuterRef("message"), kind=Kind.CHANGED, at=OuterRef("changed_at")
    )
    changed = ChangedAnswer.objects.filter(
        message__in=_answers_of(target),
        seen_at=None,
        changed_at__gte=max(target.changes_since, timezone.now() - NEWS),
    )
    fresh = changed.exclude(Exists(told)).order_by("changed_at")
    rows = fresh.values_list("message", F("changed_at"))[:MOST_AN_HOUR]
    return [(pk, Kind.CHANGED, at) for pk, at in rows]


def _answers_of(target: WebhookTarget) -> QuerySet[Message]:
    return Message.objects.filter(thread__owner=target.owner_id, role=Message.Role.ANSWER)
