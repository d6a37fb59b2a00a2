"""The tool that asks: a question of a person's own, in a thread of theirs, with checked citations."""

from __future__ import annotations

import time
from typing import Annotated, Literal
from uuid import UUID

import anyio
from django.http import Http404
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult
from pydantic import Field

from appliance.accounts.models import TokenRight
from appliance.conversations.asking import stop
from appliance.conversations.models import Message
from appliance.conversations.programs import Wish
from appliance.web.mcp.answers import Look, begin, look, result_of
from appliance.web.mcp.arguments import AtRef, SetName, Sources
from appliance.web.mcp.calling import Access, ToolContext, as_caller
from appliance.web.mcp.results import AnswerResult, fenced, told

LOOK_S = 0.4
LONGEST_S = 900.0


async def ask(
    context: ToolContext,
    question: Annotated[str, Field(min_length=1, max_length=20_000)],
    sources: Sources = [],  # noqa: B006  never changed; a schema's default
    ref: AtRef = "",
    set: SetName = "",
    mode: Annotated[
        Literal["auto", "answer", "pair", "fix"],
        Field(description="answer: one search; pair: several steps; fix: proposes a patch."),
    ] = "auto",
    thread: Annotated[
        str, Field(max_length=64, description="Of an earlier answer, to follow up on it.")
    ] = "",
) -> Annotated[CallToolResult, AnswerResult]:
    """Ask about the company's code and documents; every citation of the answer was checked."""

    def start(access: Access) -> UUID:
        wish = Wish(question, mode, sources, source_set=set, ref=ref or None)
        return begin(access, wish, _thread_id(thread))

    message_id = await as_caller(context, TokenRight.ASK, start)
    try:
        await _until_done(context, message_id)
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):  # nobody waits for it any more
            await as_caller(context, TokenRight.ASK, lambda _: _stop(message_id))
        raise
    result = await as_caller(context, TokenRight.ASK, lambda access: result_of(access, message_id))
    return told(_text(result), result)


def _thread_id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise ToolError("There is no such thread.") from None


async def _until_done(context: ToolContext, message_id: UUID) -> None:
    """Wait for the answer, and tell of its progress whenever there is some."""
    before: Look | None = None
    count = 0
    started = time.monotonic()
    while time.monotonic() - started < LONGEST_S:
        now = await as_caller(context, TokenRight.ASK, lambda access: look(access, message_id))
        if now != before:
            count += 1
            await context.report_progress(count, message=now.sentence)
            before = now
        if not now.is_open:
            return
        await anyio.sleep(LOOK_S)
    raise ToolError("The answer takes too long. It goes on in the person's threads.")


def _stop(message_id: UUID) -> None:
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise Http404
    if message.is_open:
        stop(message)


def _text(result: AnswerResult) -> str:
    parts = [result.text or "Nothing in the sources answers this."]
    if result.citations:
        parts.append(
            "\n".join(f"[{one.number}] {one.place} {one.place.url}" for one in result.citations)
        )
    parts += [f"Found: {one.place} {one.place.url}\n{fenced(one.text)}" for one in result.found]
    if result.not_supported or result.not_confirmed:
        parts.append(
            f"Checked: {result.supported} sentences supported, {result.not_confirmed} not"
            f" confirmed, {result.not_supported} not supported."
        )
    parts += [fenced(patch.diff) for patch in result.patches]
    parts.append(f"To follow up: thread {result.thread}")
    return "\n\n".join(parts)
