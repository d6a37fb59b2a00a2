"""Django's cache in the database, for what limits attempts to sign in.

In the memory of a web process each process would count by itself, and a restart would forget. The
cache that Django brings for databases runs what it unpickles; this one reads JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection
from django.utils import timezone

from appliance.accounts.models import Counter

FOREVER = timedelta(days=3650)
# One statement, so that of many who come at once one is first; what is over counts as not there.
ADD = """
INSERT INTO accounts_counter (key, value, expires_at) VALUES (%s, %s::jsonb, %s)
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at
 WHERE accounts_counter.expires_at <= statement_timestamp()
"""


class CounterCache(BaseCache):
    """Holds what JSON can say; nothing else of the product is cached in it."""

    def __init__(self, location: str, params: Mapping[str, Any]) -> None:
        super().__init__(dict(params))

    def add(
        self,
        key: str,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Set what is not there; False when it is."""
        adapt = Counter._meta.get_field("value").get_db_prep_value
        row = [self._key(key, version), adapt(value, connection), self._end(timeout)]
        with connection.cursor() as cursor:
            cursor.execute(ADD, row)
            return bool(cursor.rowcount)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        there = Counter.objects.filter(key=self._key(key, version), expires_at__gt=timezone.now())
        return next(iter(there.values_list("value", flat=True)), default)

    def set(
        self,
        key: str,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        kept = {"value": value, "expires_at": self._end(timeout)}
        Counter.objects.update_or_create(key=self._key(key, version), defaults=kept)

    def touch(
        self,
        key: str,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        there = Counter.objects.filter(key=self._key(key, version), expires_at__gt=timezone.now())
        return bool(there.update(expires_at=self._end(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(Counter.objects.filter(key=self._key(key, version)).delete()[0])

    def clear(self) -> None:
        Counter.objects.all().delete()

    def _key(self, key: str, version: int | None) -> str:
        return str(self.make_and_validate_key(key, version=version))

    def _end(self, timeout: float | None) -> datetime:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return timezone.now() + (FOREVER if seconds is None else timedelta(seconds=seconds))


def forget_expired() -> int:
    """Forget what is over; return how much that was."""
    return Counter.objects.filter(expires_at__lte=timezone.now()).delete()[0]
