"""How far what is known here may lie behind what a directory knows."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from appliance.accounts.models import Directory

GRACE_S = 120  # beside the interval: for the queue and the reading itself


@dataclass(frozen=True, slots=True)
class Lag:
    """Of one directory that is asked at intervals."""

    name: str
    seconds: int | None  # since its last sync that went well; None: there was none yet
    error: str

    @property
    def is_late(self) -> bool:
        limit = settings.DIRECTORY_SYNC_S + GRACE_S
        return bool(self.error) or self.seconds is None or self.seconds > limit

    def __str__(self) -> str:
        behind = "never synced" if self.seconds is None else f"{self.seconds} s behind"
        return f"{self.name} {behind}"


def lag_of(directory: Directory) -> Lag:
    at = directory.synced_at
    seconds = int((timezone.now() - at).total_seconds()) if at else None
    return Lag(directory.name, seconds, directory.sync_error)


def lags() -> list[Lag]:
    """Return the lag of each enabled LDAP directory; the others tell by themselves."""
    enabled = Directory.objects.filter(kind=Directory.Kind.LDAP, is_enabled=True)
    return [lag_of(directory) for directory in enabled]
