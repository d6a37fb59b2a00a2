"""Posts news of answers, if their owner may still read them at that moment."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q

from appliance.conversations.access import is_sealed_for_owner
from appliance.conversations.living.reading import living_answer
from appliance.conversations.models import Message
from appliance.conversations.posting.models import AnswerNews
from appliance.conversations.posting.noticing import notice
from appliance.conversations.views.addresses import address_of
from appliance.sources.access import granted_scope_of
from appliance.sources.models import WebhookTarget
from appliance.sources.saved.outgoing import is_open
from appliance.sources.saved.sending import SECONDS, attempt, claimed, end, post_to
from indexer.scope import Scope

Kind, State = AnswerNews.Kind, AnswerNews.State


def tell_webhooks(*, seconds: float = SECONDS) -> int:
    """Find and post what is to be told of answers; return how many messages were taken."""
    if not is_open():
        return 0
    notice()
    waiting = AnswerNews.objects.select_related("message__thread__owner")
    return sum(_post(news) for news in claimed(waiting, seconds=seconds))


def _post(news: AnswerNews) -> bool:
    owner = news.message.thread.owner
    scope = granted_scope_of(owner)
    may = owner.is_active and _is_wanted(news) and not is_sealed_for_owner(news.message, scope)
    body = payload(news, scope) if may else None
    if body is None:
        end(news, State.DROPPED)
        return False
    return attempt(news, lambda: post_to(owner, news, body))


def _is_wanted(news: AnswerNews) -> bool:
    """Return whether the owner still wants to be told of this, of what they asked since then."""
    ended = Q(answers_since__lte=news.at)
    changed = Q(changes_since__lte=news.at)
    wanted = WebhookTarget.objects.filter(owner=news.message.thread.owner_id)
    return wanted.filter(ended if news.kind == Kind.ENDED else changed).exists()


def payload(news: AnswerNews, scope: Scope) -> dict[str, Any] | None:
    """Return what is posted: ids, states and counts; None when nothing is changed any more."""
    message = news.message
    answer = {"id": str(message.pk), "thread": str(message.thread_id), "state": message.state}
    url = f"{settings.ADDRESS}{address_of(message)}"
    if news.kind == Kind.ENDED:
        body = {"answer": {**answer, "found": not message.not_found}}
        return _message("answer.ended", message.touched_at.isoformat(), body, url)
    stale = _stale_citations(message, scope)
    if not stale:
        return None
    return _message("answer.changed", news.at.isoformat(), {"answer": answer, "stale": stale}, url)


def _message(kind: str, at: str, body: dict[str, Any], url: str) -> dict[str, Any]:
    return {"type": kind, "timestamp": at, "data": {**body, "url": url}}


def _stale_citations(message: Message, scope: Scope) -> int:
    """Return how many citations do not stand there any more, as far as the owner may know."""
    links = message.evidence_links.select_related("evidence__source")
    return living_answer(message, links, scope).stale
