"""One message: read, followed while it is written, stopped."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from django.http.response import HttpResponseBase
from ninja import Router, Status

from appliance.accounts.bearer import TokenRequest
from appliance.conversations.access import get_message_for_user, sees_whole
from appliance.conversations.asking import stop
from appliance.conversations.streams import streamed
from appliance.web.api.answers import Site, get_message, seen_message
from appliance.web.api.events import message_events
from appliance.web.api.rights import ASK, EITHER
from appliance.web.api.shapes import MessageOut

router = Router(tags=["Asking"])
EVENTS = {
    "parameters": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 100},
            "description": "The id of the last event that was received: the stream goes on there.",
        }
    ],
    "responses": {
        200: {
            "description": "state, text, citation, and in the end done or error: see docs/api.md",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
}


@router.get(
    "/messages/{uuid:message_id}",
    auth=EITHER,
    response=MessageOut,
    url_name="api_message",
    summary="A message",
)
def message(request: TokenRequest, message_id: UUID) -> MessageOut:
    """Show a question, or an answer as far as it is written."""
    return seen_message(request.token, get_message(request.token, message_id), Site.of(request))


@router.get(
    "/messages/{uuid:message_id}/events",
    auth=EITHER,
    response=None,
    url_name="api_message_events",
    summary="Follow an answer",
    openapi_extra=EVENTS,
)
def events(request: TokenRequest, message_id: UUID) -> HttpResponseBase:
    """Send an answer as server-sent events while it is written, and once more when it is done."""
    found = get_message(request.token, message_id)
    last = request.headers.get("Last-Event-ID", "")
    return streamed(message_events(request.token, found, Site.of(request), last), request.user.pk)


@router.post(
    "/messages/{uuid:message_id}/stop",
    auth=ASK,
    response={202: MessageOut},
    url_name="api_message_stop",
    summary="Stop an answer",
)
def message_stop(request: TokenRequest, message_id: UUID) -> Status[MessageOut]:
    """Stop writing an answer of one's own; what is there already stays."""
    found = get_message_for_user(request.user, message_id)
    if not sees_whole(request.token, found.thread):
        raise Http404
    stop(found)
    found.refresh_from_db(fields=["state"])
    return Status(202, seen_message(request.token, found, Site.of(request)))
