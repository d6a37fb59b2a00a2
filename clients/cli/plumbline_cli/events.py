"""Server-sent events, and the answer that comes in them; a stream that breaks off is taken up again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from plumbline_cli.errors import NotReached
from plumbline_cli.server import Server, why_not

MOST_BREAKS = 5  # in a row, without an event between them
PAUSE_S = 1.0


@dataclass(frozen=True)
class Event:
    name: str
    fields: dict[str, Any]
    id: str = ""


def events_in(lines: Iterable[str]) -> Iterator[Event]:
    """Yield the events of a stream; one whose data is no JSON object is left out."""
    name, last_id = "message", ""
    parts: list[str] = []
    for line in lines:
        if not line:
            if parts and (fields := _object("\n".join(parts))) is not None:
                yield Event(name, fields, last_id)
            name, parts = "message", []
            continue
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "event":
            name = value
        elif key == "data":
            parts.append(value)
        elif key == "id":
            last_id = value


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def follow(server: Server, message_id: str, on_event: Callable[[Event], None]) -> dict[str, Any]:
    """Follow an answer to its end and return it; goes on where a broken connection left off."""
    last_id, breaks = "", 0
    while True:
        error: Exception | None = None
        try:
            with server.stream(f"/api/v1/messages/{message_id}/events", last_id) as lines:
                for event in events_in(lines):
                    last_id, breaks = event.id or last_id, 0
                    if event.name == "done":
                        return dict(event.fields.get("message", event.fields))
                    on_event(event)
        except httpx.HTTPError as exc:
            error = exc
        breaks += 1
        if breaks > MOST_BREAKS:
            raise NotReached(why_not(server.url, error or httpx.ReadError("the stream ends early")))
        time.sleep(PAUSE_S)
