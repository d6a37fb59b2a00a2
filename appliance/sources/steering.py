"""One thing done to several sources at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import transaction

from appliance.sources import managing
from indexer.models import Source


def _sync(source: Source) -> bool:
    if source.is_paused:
        return False
    managing.sync_anew(source)
    return True


def _pause(source: Source) -> bool:
    if source.is_paused:
        return False
    managing.pause(source)
    return True


def _resume(source: Source) -> bool:
    if not source.is_paused:
        return False
    managing.resume(source)
    return True


ACTIONS: dict[str, Callable[[Source], bool]] = {"sync": _sync, "pause": _pause, "resume": _resume}


def steer(sources: Iterable[Source], action: str) -> int:
    """Do it to each source that it makes sense for; return to how many. KeyError: no such action."""
    act = ACTIONS[action]
    with transaction.atomic():
        return sum(act(source) for source in sources)
