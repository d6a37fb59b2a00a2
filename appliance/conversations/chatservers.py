"""The chat servers one by one: which answer, how full they are, and how fast they write.

Looked at by this process when somebody needs to know, and remembered for a moment: before an answer
is begun, on the status page, at a scrape.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from django.conf import settings

from indexer import clients
from inference.client import ChatClient
from inference.connection import fetch_json
from inference.engine import EngineReading, EngineSpeed, read_engine
from inference.errors import InferenceError, ModelUnavailable

FRESH_S = 1.0
SPEED_OVER_S = 5.0  # at least: two readings closer together tell too little
OLDEST_S = 300.0


@dataclass(frozen=True, slots=True)
class ServerState:
    """What is known of one chat server at this moment."""

    address: str
    is_up: bool
    problem: str = ""
    serves_other: bool = False  # than the model of the settings
    reading: EngineReading | None = None  # None: it tells nothing of the kind
    speed: EngineSpeed | None = None  # None: it was not looked at before
    model: str = ""
    window_tokens: int | None = None
    about: Mapping[str, Any] = field(default_factory=dict)  # of a gateway: manifest and cards
    adapters: tuple[str, ...] = ()  # served beside the model, under names of their own

    @property
    def is_full(self) -> bool:
        """Say whether it is beyond a limit of the settings; not known is not full."""
        if self.reading is None:
            return False
        return (
            100 * self.reading.cache_use >= settings.CHAT_CACHE_LIMIT_PERCENT
            or self.reading.waiting > settings.CHAT_WAITING_LIMIT
        )


@dataclass(slots=True)
class _Watch:
    """What this process has seen."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    looked_at: float = float("-inf")
    states: tuple[ServerState, ...] = ()
    earlier: dict[str, tuple[float, EngineReading]] = field(default_factory=dict)


_watch = _Watch()

Ask = Callable[[str, httpx.Client], ServerState]


def look() -> tuple[ServerState, ...]:
    """Return the state of every chat server, at most a second old; empty without a chat model."""
    with _watch.lock:  # whoever comes meanwhile gets what this look finds
        servers = clients.chat_servers()
        is_same = tuple(state.address for state in _watch.states) == tuple(servers)
        if not is_same or time.monotonic() - _watch.looked_at > FRESH_S:
            _watch.states = _asked(servers, _seen)
            _watch.looked_at = time.monotonic()
        return _watch.states


def describe() -> tuple[ServerState, ...]:
    """Return the same with the model that each serves: for a page, as it asks more."""
    states = {state.address: state for state in look()}
    return _asked(clients.chat_servers(), lambda address, http: _described(states[address], http))


def has_room() -> bool:
    """Say whether an answer may be begun: a server that answers is not full, or none tells.

    When none answers at all, an answer is begun as well: it ends with a sentence instead of waiting.
    """
    try:
        states = [state for state in look() if state.is_up]
    except ValueError:  # what is wrong with the settings is said by the answer
        return True
    return not states or not all(state.is_full for state in states)


def _asked(servers: Mapping[str, httpx.Client], ask: Ask) -> tuple[ServerState, ...]:
    if not servers:
        return ()
    with ThreadPoolExecutor(len(servers)) as pool:
        return tuple(pool.map(ask, servers.keys(), servers.values()))


def _seen(address: str, http: httpx.Client) -> ServerState:
    try:
        reading = read_engine(http, settings.MODEL_METRICS_TOKEN or settings.MODEL_API_KEY)
    except ModelUnavailable as exc:
        return ServerState(address, is_up=False, problem=str(exc))
    except InferenceError as exc:  # another kind of server, or no token for its metrics
        return ServerState(address, is_up=True, problem=str(exc))
    return ServerState(address, is_up=True, reading=reading, speed=_speed(address, reading))


def _speed(address: str, reading: EngineReading) -> EngineSpeed | None:
    """Compare with a reading some seconds ago; between two comparisons the last one holds."""
    now = time.monotonic()
    at, before = _watch.earlier.get(address, (float("-inf"), reading))
    if now - at < SPEED_OVER_S:
        return next((one.speed for one in _watch.states if one.address == address), None)
    _watch.earlier[address] = (now, reading)
    return EngineSpeed.between(before, reading, now - at) if now - at < OLDEST_S else None


def _described(state: ServerState, http: httpx.Client) -> ServerState:
    try:
        served = ChatClient(http, None).models()
    except InferenceError as exc:
        return replace(state, is_up=False, problem=str(exc))
    wanted = settings.CHAT_MODEL
    found = next((one for one in served if not wanted or one.name == wanted), None)
    if found is None:
        offered = ", ".join(model.name for model in served) or "no model"
        problem = f"it serves {offered}"
        return replace(state, is_up=False, problem=problem, serves_other=True)
    return replace(
        state,
        is_up=True,
        model=found.name,
        window_tokens=found.window_tokens,
        adapters=tuple(one.name for one in served if one.adapts == found.name),
        about=_about(http),
    )


def _about(http: httpx.Client) -> Mapping[str, Any]:
    try:
        about = fetch_json(http, "GET", "/node")
    except InferenceError:  # no gateway stands in front of it
        return {}
    return about if isinstance(about, dict) else {}
