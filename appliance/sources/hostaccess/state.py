"""How current the permissions are that a source takes from its host, as pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from appliance.sources.hostaccess.places import host_of, path_on
from appliance.sources.models import CodeHost, HostAccess
from indexer.models import Source

GRACE_S = 180  # beside the interval: for the queue and the asking itself


@dataclass(frozen=True, slots=True)
class State:
    """Of one source: where it lies, and whether and how its host's permissions are taken."""

    host: CodeHost | None
    path: str
    access: HostAccess | None
    seconds: int | None = None  # since the last sync that went well; None: there was none yet
    lapses_at: datetime | None = None  # when what the host said last counts no more
    people: int = 0
    unmatched: int = 0

    @property
    def is_late(self) -> bool:
        late = self.seconds is None or self.seconds > settings.HOST_ACCESS_SYNC_S + GRACE_S
        return self.access is not None and (late or bool(self.access.error))

    @property
    def has_lapsed(self) -> bool:
        return self.lapses_at is not None and self.lapses_at <= timezone.now()


def state_of(source: Source) -> State:
    access = HostAccess.objects.filter(source=source).select_related("host").first()
    if access is None:
        host = host_of(source)
        return State(host, path_on(host, source) if host else "", None)
    at = access.synced_at
    return State(
        access.host,
        path_on(access.host, source),
        access,
        seconds=int((timezone.now() - at).total_seconds()) if at else None,
        lapses_at=access.grants.aggregate(Max("expires_at"))["expires_at__max"],
        people=access.members.exclude(user=None).values("user").distinct().count(),
        unmatched=access.members.filter(user=None).count(),
    )


def lateness() -> tuple[int, int]:
    """Return how many sources take their host's permissions, and of how many that is late."""
    limit = settings.HOST_ACCESS_SYNC_S + GRACE_S
    late = total = 0
    for synced_at, error in HostAccess.objects.values_list("synced_at", "error"):
        total += 1
        behind = (timezone.now() - synced_at).total_seconds() if synced_at else limit + 1
        late += bool(error) or behind > limit
    return total, late
