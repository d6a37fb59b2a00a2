"""The stream of one answer for a program: what has been added since, as events with ids.

An id says how far a reader has come: the letters of the text, a short digest of them, and the
citations. So a stream is taken up again after any of them, on any web node, and nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import Http404

from appliance.accounts.models import ApiToken, User
from appliance.common.problems import problem_of
from appliance.conversations.access import reading_of_message
from appliance.conversations.models import Message
from appliance.conversations.showing import record_turns
from appliance.conversations.streams import STILL_HERE, Reader, event, looks_at
from appliance.conversations.turns import turn_of
from appliance.web.api.answers import Site, get_message, message_out
from appliance.web.api.errors import SENTENCES
from appliance.web.api.shapes import MessageOut

IDENTIFIER = re.compile(r"(\d{1,7})-([0-9a-f]{12})-(\d{1,4})")


class TokenReader(Reader):
    """A program, as long as its token holds."""

    def __init__(self, token: ApiToken) -> None:
        super().__init__(token.user, token)
        self._key = token.pk

    def is_known(self) -> bool:
        token = ApiToken.objects.filter(pk=self._key).first()
        return token is not None and token.state == "active"


@dataclass
class Follower:
    """Shows an answer to a token whenever a stream asks."""

    token: ApiToken
    message_id: UUID
    site: Site
    _recorded: list[tuple[str, str, str, int]] = field(default_factory=list)

    def look(self) -> tuple[MessageOut, bool]:
        """Return the answer as the token sees it now, and whether it goes on.

        Raises Http404 or User.DoesNotExist for who may not look any more.
        """
        user = User.objects.get(pk=self.token.user_id, is_active=True)
        message = get_message(self.token, self.message_id)
        turn = turn_of(message, reading_of_message(user, message, self.token))
        if turn.is_sealed and message.is_open:
            raise Http404
        places = [(one.source, one.path, one.commit, one.start_line) for one in turn.evidence]
        if places != self._recorded:
            record_turns(user, [turn])
            self._recorded = places
        return message_out(turn, self.site), message.is_open


@dataclass
class Progress:
    """What a reader of the stream has, and the events for what is new."""

    text: str = ""
    citations: int = 0
    _state: dict[str, Any] = field(default_factory=dict)

    def take_up(self, last: str, shown: MessageOut) -> None:
        """Go on after the event of this id, as far as the answer is still what it was then."""
        match = IDENTIFIER.fullmatch(last)
        if match and digest_of(shown.text[: int(match[1])]) == match[2]:
            self.text = shown.text[: int(match[1])]
            self.citations = min(int(match[3]), len(shown.citations))

    def events(self, shown: MessageOut) -> Iterator[bytes]:
        state: dict[str, Any] = {"state": shown.state}
        if shown.queue:
            state |= {"queue_position": shown.queue.before, "queue": shown.queue.model_dump()}
        if state != self._state:
            self._state = state
            yield self._event("state", state)
        if shown.text != self.text:
            at = len(self.text) if shown.text.startswith(self.text) else 0
            self.citations = self.citations if at else 0
            self.text = shown.text
            yield self._event("text", {"at": at, "text": shown.text[at:]})
        for citation in shown.citations[self.citations :]:
            self.citations = citation.number
            yield self._event("citation", citation.model_dump(mode="json"))

    def done(self, shown: MessageOut) -> bytes:
        return self._event("done", {"message": shown.model_dump(mode="json")})

    def _event(self, name: str, told: dict[str, Any]) -> bytes:
        identifier = f"{len(self.text)}-{digest_of(self.text)}-{self.citations}"
        return event(name, json.dumps(told, ensure_ascii=False), identifier)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


async def message_events(
    token: ApiToken, message: Message, site: Site, last: str = ""
) -> AsyncGenerator[bytes, None]:
    """Send what is new of an answer until it is done, or may not be seen any more."""
    progress, is_first = Progress(), True
    follower = Follower(token, message.pk, site)
    async with aclosing(looks_at(TokenReader(token), message, follower.look)) as looks:
        async for look in looks:
            if look is None:
                yield STILL_HERE
            elif look.seen is None:
                told = problem_of(404, SENTENCES[404], code="gone")
                yield event("error", json.dumps(told))
            else:
                if is_first:
                    progress.take_up(last, look.seen)
                    is_first = False
                for one in progress.events(look.seen):
                    yield one
                if not look.goes_on:
                    yield progress.done(look.seen)
