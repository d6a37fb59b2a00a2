"""The stream of one answer: server-sent events over what the worker writes down.

The page follows the database and not the model, so a lost connection, a second tab or another web
node sees the same answer, and nothing is generated twice.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token

from appliance.accounts.models import User
from appliance.accounts.sessions import is_session_live
from appliance.conversations.access import (
    get_message_for_reader,
    messages_for_reader,
    reading_of_message,
)
from appliance.conversations.bells import bell_of
from appliance.conversations.following import Follower
from appliance.conversations.measuring import OPEN_STREAMS
from appliance.conversations.models import Message
from appliance.conversations.waits import Wait, waits_of

POLL_S = 0.25  # while the database cannot be heard
LOOK_S = 1.0  # while it can: for what rings no bell, such as access that was taken away
COMMENT_S = 10.0  # keeps proxies from closing a silent stream
WAIT_S = 2.0  # between two looks at a line of waiting answers
RECHECK_S = 2.0  # between two looks at whether its reader is still let in
LONGEST_S = 900.0

GONE = (Http404, User.DoesNotExist, Message.DoesNotExist)

# State, letters, judged sentences, steps and what the last is called: what a reader sees change.
Snapshot = tuple[str, int, int, int, str]


async def answer_events(request: HttpRequest, message_id: UUID) -> HttpResponseBase:
    """Send the answer as HTML whenever it has grown, and once more when it is done."""
    user = await request.auser()
    assert isinstance(user, User)  # noqa: S101  LoginRequiredMiddleware stands in front
    message = await sync_to_async(get_message_for_reader)(user, message_id)
    # The forms in an answer need the token that the page's forms have.
    reader = _Reader(user, str(request.session.session_key))
    events = _counted(_events(reader, message, get_token(request)))
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return response


async def _counted(events: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    with OPEN_STREAMS.track_inprogress():
        async with aclosing(events):
            async for event in events:
                yield event


async def _events(
    reader: _Reader, message: Message, csrf_token: str
) -> AsyncGenerator[bytes, None]:
    async with bell_of(message.pk) as bell:
        follower = Follower(reader.user.pk, message.pk, csrf_token)
        line = _Line(message.pk)
        seen: tuple[Snapshot, Wait | None] | None = None
        sent, rang = "", False
        started = last_sent = time.monotonic()
        while time.monotonic() - started < LONGEST_S:
            if not await reader.is_let_in(message):
                yield _event("done", "")
                return
            snapshot = None if rang else await _snapshot(reader.user, message.pk)
            shown = snapshot and (snapshot, await line.wait_in(snapshot[0]))
            if rang or shown is None or shown != seen or reader.is_cut:
                try:
                    html, is_open = await sync_to_async(follower.render)()
                except GONE:  # deleted, not shared any more, or locked out, since the start
                    yield _event("done", "")
                    return
                goes_on = is_open and not reader.is_cut
                if html != sent or not goes_on:
                    yield _event("answer" if goes_on else "done", html)
                    sent, last_sent = html, time.monotonic()
                if not goes_on:
                    return
                seen = shown or seen
            if time.monotonic() - last_sent > COMMENT_S:
                yield b": still here\n\n"
                last_sent = time.monotonic()
            rang = await bell.wait(LOOK_S if bell.is_heard else POLL_S)


class _Reader:
    """Who reads the stream, looked at every few seconds: a stream outlives the request by which
    its reader was let in, and one in which nothing moves would ask no further."""

    def __init__(self, user: User, session_key: str) -> None:
        self.user = user
        self.is_cut = False  # what the answer rests on was theirs to read, and is no more
        self._session_key = session_key
        self._next_look = 0.0
        self._was_sealed = True

    async def is_let_in(self, message: Message) -> bool:
        """Return whether they are active and signed in still."""
        if time.monotonic() < self._next_look:
            return True
        self._next_look = time.monotonic() + RECHECK_S
        return await sync_to_async(self._look)(message)

    def _look(self, message: Message) -> bool:
        user = User.objects.filter(pk=self.user.pk, is_active=True).first()
        if user is None or not is_session_live(self._session_key):
            return False
        is_sealed = message.pk in reading_of_message(user, message).sealed
        self.is_cut = is_sealed and not self._was_sealed
        self._was_sealed = is_sealed
        return True


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


def _event(name: str, data: str) -> bytes:
    # A carriage return ends a line of the protocol too: unsplit, it would begin a field.
    lines = "".join(f"data: {line}\n" for line in re.split(r"\r\n|\r|\n", data))
    return f"event: {name}\n{lines}\n".encode()
