"""How tests wait: for a state, never for a time; the limit only ends what will not come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 200.0  # of a busy machine
PAUSE_S = 0.05

Found = TypeVar("Found")


def wait_until(
    told: Callable[[], Found | None],
    what: str = "what was waited for",
    *,
    within_s: float = PATIENCE_S,
) -> Found:
    """Return the first thing told that counts as true."""
    ends = time.monotonic() + within_s
    while not (found := told()):
        assert time.monotonic() < ends, f"{what} did not come within {within_s:g} s"
        time.sleep(PAUSE_S)
    return found
