"""Values that are kept in memory while there is room; what was asked for least recently goes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=Sized)


class Kept(Generic[Key, Value]):
    """A cache for threads: what stands under a key never changes, so a key names all of it."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._making = Lock()  # many ask at once for what nobody has yet: one makes it

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made anew unless it is there."""
        value = self._there(key)
        if value is not None:
            return value
        with self._making:
            value = self._there(key)
            if value is None:
                value = make()
                self._put(key, value)
        return value

    def find(self, key: Key) -> Value | None:
        """Return the value of a key when it is there."""
        return self._there(key)

    def _there(self, key: Key) -> Value | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def _put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            self._bytes += value.nbytes
            while self._bytes > self._most_bytes and len(self._values) > 1:
                _, gone = self._values.popitem(last=False)
                self._bytes -= gone.nbytes
