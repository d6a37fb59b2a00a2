"""/v1/: chat completions and models, for editors and libraries that know OpenAI's addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router
from ninja.errors import ValidationError

from appliance.accounts.bearer import TokenRequest
from appliance.common.crowds import STREAMS, too_many
from appliance.common.problems import problem
from appliance.conversations.streams import streamed
from appliance.web.api.answers import Site
from appliance.web.api.rights import ASK, EITHER
from appliance.web.api.site import new_api, sentence_of
from appliance.web.chat.completions import Reply, chunks, complete
from appliance.web.chat.questions import MODELS, begin, mode_of
from appliance.web.chat.shapes import ChatRequest, Completion, Model, ModelList

router = Router(tags=["OpenAI-compatible"])
SINCE = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


@router.get("/models", auth=EITHER, response=ModelList, url_name="chat_models", summary="Models")
def models(request: TokenRequest) -> dict[str, Any]:
    """List the ways to be answered, under the names of models."""
    return {"data": [{"id": name, "created": SINCE} for name in MODELS]}


@router.get(
    "/models/{model}", auth=EITHER, response=Model, url_name="chat_model", summary="One model"
)
def model(request: TokenRequest, model: str) -> dict[str, Any]:
    """Show one of them."""
    mode_of(model)
    return {"id": model, "created": SINCE}


@router.post(
    "/chat/completions",
    auth=ASK,
    response=Completion,
    url_name="chat_completions",
    summary="Ask as in a chat",
)
async def completions(request: TokenRequest, body: ChatRequest) -> Completion | HttpResponseBase:
    """Answer the last message of the user from the sources that the token reads.

    Earlier messages that came from here continue their thread; others are not read.
    """
    if body.stream and not STREAMS.has_room(request.user.pk):
        return too_many()  # before anything is asked
    begun = await sync_to_async(begin)(request.token, body)
    reply = Reply(request.token, body.model, begun, Site.of(request))
    if not body.stream:
        return await complete(reply)
    with_usage = body.stream_options is not None and body.stream_options.include_usage
    return streamed(chunks(reply, with_usage=with_usage), request.user.pk)


def not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(400, sentence_of(error.errors), code="invalid")


chat = new_api("Plumbline, OpenAI-compatible", "chat", {ValidationError: not_valid})
chat.add_router("", router)
