"""Search every key of the broker, whatever its type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlsplit

import redis

from appliance.sources.traces.places import Needle, Trace, Unsearched

TIMEOUT_S = 10.0


def in_queue(url: str, needle: Needle) -> Iterator[Trace | Unsearched]:
    """Yield each kind of key that holds the bytes, by the name of the queue where it is one."""
    try:
        with redis.Redis.from_url(
            _plain(url), socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        ) as broker:
            for key in broker.scan_iter(count=1000):
                if needle.is_in(key):
                    yield Trace("queue, the name of a key")
                if any(needle.is_in_message(value) for value in _values(broker, key)):
                    yield Trace(f"queue, a {_kind(broker, key)}")
    except (redis.RedisError, ValueError) as exc:
        yield Unsearched("queue", f"it does not answer ({type(exc).__name__})")


def _plain(url: str) -> str:
    """Return the address as the client wants it: Celery writes sockets in a way of its own."""
    parts = urlsplit(url)
    if parts.scheme != "redis+socket":
        return url
    number = parse_qs(parts.query).get("virtual_host", ["0"])[0].strip("/")
    return f"unix://{parts.path}?db={number}"


def _kind(broker: redis.Redis, key: bytes) -> str:
    kind = broker.type(key)
    return kind.decode() if isinstance(kind, bytes) else "value"


def _values(broker: redis.Redis, key: bytes) -> Iterable[bytes]:
    match _kind(broker, key):
        case "string":
            return _flat(broker.get(key))
        case "list":
            return _flat(broker.lrange(key, 0, -1))
        case "set":
            return _flat(broker.smembers(key))
        case "hash":
            return _flat(broker.hgetall(key))
        case "zset":
            return _flat(broker.zrange(key, 0, -1))
        case "stream":
            return _flat(broker.xrange(key))
    return ()


def _flat(value: object) -> Iterator[bytes]:
    """Yield all bytes in what the client gives back, however it is nested."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from _flat([*value.items()])
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _flat(one)
