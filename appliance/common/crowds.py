"""How much of one kind a person has under way in this process: whoever has enough waits.

Each request that is under way holds a thread, and mostly a connection to the database. Without a
bound one person, or one program of theirs, could hold them all, and nobody else would be answered.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpResponse

FULL = (
    "This is more than one person may have under way at a time. Wait until something of it has "
    "ended."
)
AGAIN_S = 2  # after which it is worth trying again


class Crowd:
    """Counts what each person has under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[int] = Counter()

    def has_room(self, person: int) -> bool:
        """Return whether this person may begin something more."""
        most = int(settings.REQUESTS_AT_ONCE)
        return not most or self._under_way[person] < most

    @contextmanager
    def with_one_more(self, person: int) -> Iterator[bool]:
        """Count something that is under way within the block, and say whether there was room for it;
        where there was not, the caller has nothing to do but to say so."""
        with self._lock:
            had_room = self.has_room(person)
            self._under_way[person] += 1
        try:
            yield had_room
        finally:
            with self._lock:
                self._under_way[person] -= 1
                if not self._under_way[person]:
                    del self._under_way[person]


REQUESTS = Crowd()
STREAMS = Crowd()  # of answers: each is looked after for as long as it is open


def too_many() -> HttpResponse:
    """Say it in a sentence, of which pages and programs are told in their own shape."""
    response = HttpResponse(FULL, "text/plain; charset=utf-8", status=429)
    response["Retry-After"] = str(AGAIN_S)
    return response
