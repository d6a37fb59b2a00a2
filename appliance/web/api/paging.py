"""Long lists in pages: a cursor says where the next one begins, and holds when rows come and go."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode

from appliance.web.api.errors import Refused


def cursor_of(place: str) -> str:
    """Return a place in a list as a cursor."""
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place_of(cursor: str) -> str:
    """Return the place that a cursor names, "" for none; refuses what is no cursor of ours."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        place = b64decode(padded, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise _refused() from None
    if "\0" in place:
        raise _refused()
    return place


def _refused() -> Refused:
    return Refused(422, "cursor: send what the page before gave as next, or none.")


def number_in(cursor: str) -> int:
    """Return the number of the first row that a cursor names."""
    place = place_of(cursor) or "0"
    if not (place.isdecimal() and place.isascii() and len(place) < 7):
        raise _refused()
    return int(place)
