"""Answers in the shape of chat completions, whole or as a stream of chunks."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from appliance.accounts.models import ApiToken
from appliance.conversations.asking import stop
from appliance.conversations.models import Message
from appliance.conversations.streams import STILL_HERE, Look, looks_at
from appliance.web.api.answers import Site
from appliance.web.api.errors import Refused
from appliance.web.api.events import Follower, TokenReader
from appliance.web.api.shapes import MessageOut
from appliance.web.chat.questions import Begun, remember
from appliance.web.chat.shapes import Choice, Completion, Origin, ReplyMessage, Usage
from appliance.web.chat.wording import Wording

FAILED = "The answer could not be written: {}"
GONE = "The answer is gone, or this token may not read it any more."
ENDING = b"data: [DONE]\n\n"

Step = tuple[MessageOut, str]  # what the answer is, and what is new to say of it


@dataclass
class Reply:
    """One answer on its way to a client."""

    token: ApiToken
    model: str
    begun: Begun
    site: Site
    wording: Wording = field(default_factory=Wording)

    @property
    def id(self) -> str:
        return f"chatcmpl-{self.begun.message.pk}"

    @property
    def created(self) -> int:
        return int(self.begun.message.created_at.timestamp())

    def look(self, follower: Follower) -> tuple[Step, bool]:
        """Look at the answer; within a thread, for the Markdown of it is parsed here."""
        shown, is_open = follower.look()
        new = self.wording.add(shown) if is_open else self._finished(shown)
        return (shown, new), is_open

    def _finished(self, shown: MessageOut) -> str:
        if shown.state == "failed":
            return ""
        new = self.wording.finish(shown)
        remember(self.token.user, self.begun, self.wording.said)
        return new

    def completion(self, shown: MessageOut) -> Completion:
        message = ReplyMessage(content=self.wording.said, annotations=self.wording.annotations)
        return Completion(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=[Choice(message=message)],
            usage=usage_of(shown),
            plumbline=origin_of(shown),
        )

    def chunk(self, delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return self._event({"choices": [choice], **more})

    def usage(self, shown: MessageOut) -> bytes:
        return self._event({"choices": [], "usage": usage_of(shown).model_dump()})

    def _event(self, more: dict[str, Any]) -> bytes:
        told = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            **more,
        }
        return b"data: " + json.dumps(told).encode() + b"\n\n"


@asynccontextmanager
async def followed(reply: Reply) -> AsyncGenerator[AsyncGenerator[Look[Step] | None, None], None]:
    """Follow the answer; a client that goes away before it is done stops it."""
    message = reply.begun.message
    follower = Follower(reply.token, message.pk, reply.site)
    looks = looks_at(TokenReader(reply.token), message, lambda: reply.look(follower))
    try:
        async with aclosing(looks):
            yield looks
    finally:
        await sync_to_async(_stop)(message)


def _stop(message: Message) -> None:
    """Stop the answer, which changes nothing of one that is done."""
    stop(message)
    close_old_connections()  # of a client that went away, the request has ended already


async def complete(reply: Reply) -> Completion:
    """Wait until the answer is done."""
    async with followed(reply) as looks:
        async for look in looks:
            if look is not None and not look.goes_on:
                return reply.completion(_whole(look))
    raise Refused(504, "The answer took too long. Ask again with stream.", code="timeout")


def _whole(look: Look[Step]) -> MessageOut:
    if look.seen is None or look.seen[0].sealed:
        raise Refused(404, GONE)
    shown = look.seen[0]
    if shown.state == "failed":
        raise Refused(503, FAILED.format(shown.error), code="answer_failed")
    return shown


async def chunks(reply: Reply, *, with_usage: bool) -> AsyncGenerator[bytes, None]:
    """Send the answer sentence by sentence."""
    yield reply.chunk({"role": "assistant", "content": ""})
    async with followed(reply) as looks:
        async for look in looks:
            if look is None:
                yield STILL_HERE
                continue
            if look.seen is not None and look.seen[1]:
                yield reply.chunk({"content": look.seen[1]})
            if not look.goes_on:
                for part in _last(reply, look, with_usage=with_usage):
                    yield part
    yield ENDING


def _last(reply: Reply, look: Look[Step], *, with_usage: bool) -> list[bytes]:
    try:
        shown = _whole(look)
    except Refused as refused:
        error = {"message": refused.detail, "type": "server_error", "param": None, "code": None}
        return [b"data: " + json.dumps({"error": error}).encode() + b"\n\n"]
    annotations = [one.model_dump() for one in reply.wording.annotations]
    origin = origin_of(shown).model_dump()
    last = reply.chunk({"annotations": annotations}, "stop", plumbline=origin)
    return [last, *([reply.usage(shown)] if with_usage else [])]


def usage_of(shown: MessageOut) -> Usage:
    asked, said = (int(shown.usage.get(name, 0)) for name in ("prompt_tokens", "completion_tokens"))
    return Usage(prompt_tokens=asked, completion_tokens=said, total_tokens=asked + said)


def origin_of(shown: MessageOut) -> Origin:
    return Origin(
        thread=str(shown.thread),
        message=str(shown.id),
        url=shown.url,
        supported=shown.supported,
        unsupported=shown.unsupported,
    )
