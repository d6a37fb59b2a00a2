"""The stream of one answer: server-sent events over what the worker writes down.

The page follows the database and not the model, so a lost connection, a second tab or another web
node sees the same answer, and nothing is generated twice.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from appliance.accounts.models import User
from appliance.conversations.access import (
    get_message_for_reader,
    messages_for_reader,
    reading_of_message,
)
from appliance.conversations.measuring import OPEN_STREAMS
from appliance.conversations.models import Message
from appliance.conversations.turns import turn_of
from appliance.conversations.waits import Wait, waits_of

POLL_S = 0.25
FIRST_POLL_S = 0.08  # from the prompt to the first words, which people wait for
COMMENT_S = 10.0  # keeps proxies from closing a silent stream
WAIT_S = 2.0  # between two looks at a line of waiting answers
LONGEST_S = 900.0

# State, letters, judged sentences, steps and what the last is called: what a reader sees change.
Snapshot = tuple[str, int, int, int, str]


async def answer_events(request: HttpRequest, message_id: UUID) -> HttpResponseBase:
    """Send the answer as HTML whenever it has grown, and once more when it is done."""
    user = await request.auser()
    assert isinstance(user, User)  # noqa: S101  LoginRequiredMiddleware stands in front
    message = await sync_to_async(get_message_for_reader)(user, message_id)
    # The forms in an answer need the token that the page's forms have.
    events = _counted(_events(user, message, get_token(request)))
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return response


async def _counted(events: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    with OPEN_STREAMS.track_inprogress():
        async with aclosing(events):
            async for event in events:
                yield event


async def _events(user: User, message: Message, csrf_token: str) -> AsyncGenerator[bytes, None]:
    seen: tuple[Snapshot, Wait | None] | None = None
    line = _Line(message.pk)
    started = last_sent = time.monotonic()
    while time.monotonic() - started < LONGEST_S:
        snapshot = await _snapshot(user, message.pk)
        if snapshot is None:  # deleted, or not shared any more
            yield _event("done", "")
            return
        shown = (snapshot, await line.wait_in(snapshot[0]))
        if shown != seen:
            try:
                html, is_open = await sync_to_async(_render)(user.pk, message.pk, csrf_token)
            except (Http404, User.DoesNotExist):  # deleted, or locked out, since the start
                yield _event("done", "")
                return
            yield _event("answer" if is_open else "done", html)
            if not is_open:
                return
            seen, last_sent = shown, time.monotonic()
        elif time.monotonic() - last_sent > COMMENT_S:
            yield b": still here\n\n"
            last_sent = time.monotonic()
        waits = snapshot[:2] == (Message.State.WRITING, 0)
        await asyncio.sleep(FIRST_POLL_S if waits else POLL_S)


class _Line:
    """Where a waiting answer stands, looked at only now and then: it is the dearest look of all."""

    def __init__(self, message_id: UUID) -> None:
        self._message_id = message_id
        self._wait: Wait | None = None
        self._next_look = 0.0

    async def wait_in(self, state: str) -> Wait | None:
        if state != Message.State.QUEUED:
            return None
        if time.monotonic() >= self._next_look:
            waits = await sync_to_async(waits_of)([self._message_id])
            self._wait = waits.get(self._message_id)
            self._next_look = time.monotonic() + WAIT_S
        return self._wait


@sync_to_async
def _snapshot(user: User, message_id: UUID) -> Snapshot | None:
    """Look at the message as its reader may at this moment: each look decides access anew."""
    mine = messages_for_reader(user).filter(pk=message_id)
    row = mine.values_list("state", "text", "checks", "steps").first()
    if row is None:
        return None
    state, text, checks, steps = row
    last = f"{steps[-1]['title']} {steps[-1]['is_running']}" if steps else ""
    return state, len(text), len(checks.get("sentences", [])), len(steps), last


def _render(user_id: int, message_id: UUID, csrf_token: str) -> tuple[str, bool]:
    """Render for the reader as they are now: access that was taken away ends the text."""
    user = User.objects.get(pk=user_id, is_active=True)
    message = get_message_for_reader(user, message_id)
    turn = turn_of(message, reading_of_message(user, message))
    context = {
        "message": turn.message,
        "rendered": turn.rendered,
        "evidence": turn.evidence,
        "wait": turn.wait,
        "csrf_token": csrf_token,
        "is_owner": message.thread.owner_id == user.pk,
    }
    return render_to_string("conversations/_answer.html", context), message.is_open


def _event(name: str, data: str) -> bytes:
    # A carriage return ends a line of the protocol too: unsplit, it would begin a field.
    lines = "".join(f"data: {line}\n" for line in re.split(r"\r\n|\r|\n", data))
    return f"event: {name}\n{lines}\n".encode()
