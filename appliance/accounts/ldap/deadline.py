"""A limit in time that holds whatever the other side does: also for a name that never resolves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

from appliance.accounts.ldap.errors import LdapUnavailable

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns, or raise LdapUnavailable when it takes longer.

    The call goes on in its thread until its own timeouts end it, so it must not use the database.
    """
    ended: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            ended.put((call(), None))
        except Exception as exc:  # noqa: BLE001 - raised again by who waits
            ended.put((None, exc))

    threading.Thread(target=run, daemon=True, name="ldap").start()
    try:
        value, problem = ended.get(timeout=seconds)
    except Empty:
        raise LdapUnavailable(f"No answer within {seconds:.0f} seconds.") from None
    if problem is not None:
        raise problem
    return value  # type: ignore[return-value]  # what the call returned, None included
