"""The stream of one answer: server-sent events over what the worker writes down.

Pages and programs follow the database and not the model, so a lost connection, a second tab or another
web node sees the same answer, and nothing is generated twice.
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token

from appliance.accounts.models import ApiToken, User
from appliance.accounts.sessions import is_session_live
from appliance.common.crowds import STREAMS, too_many
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
REST = 3.0  # so many times as long as a look took a stream rests before the next
LONGEST_REST_S = 0.6
LOOK_S = 1.0  # while it can: for what rings no bell, such as access that was taken away
COMMENT_S = 10.0  # keeps proxies from closing a silent stream
WAIT_S = 2.0  # between two looks at a line of waiting answers
RECHECK_S = 2.0  # between two looks at whether its reader is still let in
LONGEST_S = 900.0

GONE = (Http404, User.DoesNotExist, Message.DoesNotExist)

T = TypeVar("T")
STILL_HERE = b": still here\n\n"

# State, letters, judged sentences, steps and what the last is called: what a reader sees change.
Snapshot = tuple[str, int, int, int, str]


async def answer_events(request: HttpRequest, message_id: UUID) -> HttpResponseBase:
    """Send the answer as HTML whenever it has grown, and once more when it is done."""
    user = await request.auser()
    assert isinstance(user, User)  # noqa: S101  LoginRequiredMiddleware stands in front
    message = await sync_to_async(get_message_for_reader)(user, message_id)
    # The forms in an answer need the token that the page's forms have.
    reader = _Reader(user, str(request.session.session_key))
    return streamed(_events(reader, message, get_token(request)), user.pk)


def streamed(events: AsyncGenerator[bytes, None], person: int) -> HttpResponseBase:
    """Return events as a response, counted while it is open; 429 to who follows enough already."""
    if not STREAMS.has_room(person):
        return too_many()
    response = StreamingHttpResponse(_counted(events, person), content_type="text/event-stream")
    response["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return response


async def _counted(events: AsyncGenerator[bytes, None], person: int) -> AsyncIterator[bytes]:
    with OPEN_STREAMS.track_inprogress(), STREAMS.with_one_more(person):
        async with aclosing(events):
            async for event in events:
                yield event


async def _events(reader: Reader, message: Message, csrf_token: str) -> AsyncGenerator[bytes, None]:
    follower = Follower(reader.user.pk, message.pk, csrf_token)
    async with aclosing(looks_at(reader, message, follower.render)) as looks:
        async for look in looks:
            if look is None:
                yield STILL_HERE
            else:
                yield event("answer" if look.goes_on else "done", look.seen or "")


@dataclass(frozen=True, slots=True)
class Look(Generic[T]):
    """What a reader sees of an answer now; nothing when they may not look any more."""

    seen: T | None
    goes_on: bool


async def looks_at(
    reader: Reader, message: Message, render: Callable[[], tuple[T, bool]]
) -> AsyncGenerator[Look[T] | None, None]:
    """Yield an answer whenever its reader sees it change, and once more when it is done; None
    when a sign of life is due.

    `render` returns what they see and whether the answer goes on, or raises one of GONE.
    """
    async with bell_of(message.pk) as bell:
        line, rest = _Line(message.pk), _Rest()
        seen: tuple[Snapshot, Wait | None] | None = None
        sent: T | None = None
        rang = False
        started = last_sent = time.monotonic()
        while time.monotonic() - started < LONGEST_S:
            if not await reader.is_let_in(message):
                yield Look(None, goes_on=False)
                return
            snapshot = None if rang else await _snapshot(reader.user, message.pk)
            shown = snapshot and (snapshot, await line.wait_in(snapshot[0]))
            if rang or shown is None or shown != seen or reader.is_cut:
                with rest.after():
                    look = await _look(reader, render)
                if look.seen != sent or not look.goes_on:
                    yield look
                    sent, last_sent = look.seen, time.monotonic()
                if not look.goes_on:
                    return
                seen = shown or seen
            if time.monotonic() - last_sent > COMMENT_S:
                yield None
                last_sent = time.monotonic()
            await bell.rest(rest.left_s())  # what rings meanwhile rings once
            rang = await bell.wait(LOOK_S if bell.is_heard else POLL_S)


async def _look(reader: Reader, render: Callable[[], tuple[T, bool]]) -> Look[T]:
    try:
        seen, is_open = await sync_to_async(render)()
    except GONE:  # deleted, not shared any more, or locked out, since the start
        return Look(None, goes_on=False)
    return Look(seen, is_open and not reader.is_cut)


class _Rest:
    """Between two looks of a stream: the longer a look takes, the longer. On a machine that is busy
    with many streams each then looks less often, and leaves the processor to the answers. The first
    words and the end are not kept waiting: they ring loudly."""

    def __init__(self) -> None:
        self._until = 0.0

    @contextmanager
    def after(self) -> Iterator[None]:
        """Rest after this block, by what it took."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        self._until = ended + min(LONGEST_REST_S, REST * (ended - began))

    def left_s(self) -> float:
        return max(0.0, self._until - time.monotonic())


class Reader(ABC):
    """Who reads a stream, looked at every few seconds: a stream outlives the request by which
    its reader was let in, and one in which nothing moves would ask no further."""

    def __init__(self, user: User, token: ApiToken | None = None) -> None:
        self.user = user
        self.is_cut = False  # what the answer rests on was theirs to read, and is no more
        self._token = token
        self._next_look = 0.0
        self._was_sealed = True

    async def is_let_in(self, message: Message) -> bool:
        """Return whether they are active, and their session or token opens the door still."""
        if time.monotonic() < self._next_look:
            return True
        self._next_look = time.monotonic() + RECHECK_S
        return await sync_to_async(self._look)(message)

    @abstractmethod
    def is_known(self) -> bool:
        """Return whether what they came with is good still."""

    def _look(self, message: Message) -> bool:
        user = User.objects.filter(pk=self.user.pk, is_active=True).first()
        if user is None or not self.is_known():
            return False
        reading = reading_of_message(user, message, self._token)
        is_sealed = message.pk in reading.sealed
        self.is_cut = is_sealed and not self._was_sealed
        self._was_sealed = is_sealed
        return True


class _Reader(Reader):
    """Somebody in a browser."""

    def __init__(self, user: User, session_key: str) -> None:
        super().__init__(user)
        self._session_key = session_key

    def is_known(self) -> bool:
        return is_session_live(self._session_key)


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


def event(name: str, data: str, identifier: str = "") -> bytes:
    """Return one event of the protocol; by its identifier a stream is taken up again after it."""
    # A carriage return ends a line of the protocol too: unsplit, it would begin a field.
    lines = "".join(f"data: {line}\n" for line in re.split(r"\r\n|\r|\n", data))
    marked = f"id: {identifier}\n" if identifier else ""
    return f"event: {name}\n{marked}{lines}\n".encode()
