"""Threads: listed, read, begun with a question, followed up, deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from ninja import Router, Status
from pydantic import Field

from appliance.accounts.bearer import TokenRequest
from appliance.accounts.models import ApiToken
from appliance.conversations.access import (
    get_thread_for_reader,
    get_thread_for_token,
    readable_threads,
    reading_of,
)
from appliance.conversations.asking import delete_thread
from appliance.conversations.models import Message, Thread
from appliance.conversations.showing import record_turns
from appliance.conversations.turns import turns_on
from appliance.web.api.answers import Site, message_out, seen_message, threads_out
from appliance.web.api.asking import asked
from appliance.web.api.errors import Refused
from appliance.web.api.idempotency import once
from appliance.web.api.paging import cursor_of, place_of
from appliance.web.api.rights import ASK, EITHER
from appliance.web.api.shapes import (
    Asked,
    Followed,
    FollowUpIn,
    QuestionIn,
    ThreadPage,
    ThreadWithMessages,
)

router = Router(tags=["Asking"])
KEYED = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "Any text of yours: sent again with it, the request asks nothing new.",
        }
    ]
}


@router.get("/threads", auth=EITHER, response=ThreadPage, url_name="api_threads", summary="Threads")
def thread_list(
    request: TokenRequest,
    cursor: Annotated[str, Field(max_length=400)] = "",
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """List one's own threads and those that are shared with one, what moved last first."""
    user = request.user
    threads = _before(readable_threads(user).distinct(), place_of(cursor))
    rows = list(threads.order_by("-updated_at", "-pk")[: limit + 1])
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return {
        "items": threads_out(request.token, shown, Site.of(request)),
        "next": cursor_of(f"{last.updated_at.isoformat()}|{last.pk}") if last else None,
    }


def _before(threads: QuerySet[Thread], place: str) -> QuerySet[Thread]:
    if not place:
        return threads
    moment, _, identifier = place.partition("|")
    try:
        at, pk = datetime.fromisoformat(moment), UUID(identifier)
    except ValueError:
        raise Refused(422, "cursor: send what the page before gave as next, or none.") from None
    if at.tzinfo is None:
        raise Refused(422, "cursor: send what the page before gave as next, or none.")
    return threads.filter(Q(updated_at__lt=at) | Q(updated_at=at, pk__lt=pk))


@router.post(
    "/threads",
    auth=ASK,
    response={201: Asked},
    url_name="api_threads",
    summary="Ask",
    openapi_extra=KEYED,
)
def thread_begin(request: TokenRequest, body: QuestionIn) -> Status[dict[str, Any]]:
    """Ask the first question of a new thread. The answer is written meanwhile: follow its events,
    or look at it until its state is done, stopped or failed."""
    token, site = request.token, Site.of(request)
    answer = once(request, token, body, lambda: asked(token, body))
    [thread] = threads_out(token, [answer.thread], site)
    return Status(201, {"thread": thread, "message": seen_message(token, answer, site)})


@router.get(
    "/threads/{uuid:thread_id}",
    auth=EITHER,
    response=ThreadWithMessages,
    url_name="api_thread",
    summary="A thread",
)
def thread(
    request: TokenRequest, thread_id: UUID, at: UUID | None = None, all: bool = False
) -> dict[str, Any]:
    """Show a path of a thread: to its newest message, through the one `at`, or `all` branches."""
    token, site = request.token, Site.of(request)
    found = get_thread_for_reader(request.user, thread_id)
    reading = reading_of(request.user, found, token)
    nodes = list(reading.tree.below()) if all else reading.tree.path_through(at)
    turns = turns_on(nodes, reading)
    record_turns(request.user, turns)
    [shown] = threads_out(token, [found], site)
    return {**shown.model_dump(), "messages": [message_out(turn, site) for turn in turns]}


@router.delete(
    "/threads/{uuid:thread_id}",
    auth=ASK,
    response={204: None},
    url_name="api_thread",
    summary="Delete a thread",
)
def thread_delete(request: TokenRequest, thread_id: UUID) -> HttpResponse:
    """Delete one of one's own threads with its messages, for ever."""
    delete_thread(get_thread_for_token(request.token, thread_id))
    return HttpResponse(status=204)


@router.post(
    "/threads/{uuid:thread_id}/messages",
    auth=ASK,
    response={201: Followed},
    url_name="api_thread_messages",
    summary="Follow up",
    openapi_extra=KEYED,
)
def thread_follow_up(
    request: TokenRequest, thread_id: UUID, body: FollowUpIn
) -> Status[dict[str, Any]]:
    """Ask the next question in one of one's own threads."""
    token, site = request.token, Site.of(request)
    found = get_thread_for_token(token, thread_id)
    after = _answer(token, found, body.after)
    answer = once(request, token, body, lambda: asked(token, body, thread=found, after=after))
    return Status(201, {"message": seen_message(token, answer, site)})


def _answer(token: ApiToken, thread: Thread, message_id: UUID | None) -> Message | None:
    """Return the answer that a question names to follow on, or answer 404."""
    if message_id is None:
        return None
    node = reading_of(token.user, thread, token).tree.find(message_id)
    if node is None or node.is_question:
        raise Http404
    return Message.objects.get(pk=node.id)
