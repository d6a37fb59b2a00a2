"""Has Celery's workers and scheduler look for a way out when they start."""

from __future__ import annotations

from typing import Any

from celery.signals import beat_init, worker_init


def guard() -> None:
    """Have the process look, if it becomes a worker or the scheduler."""
    worker_init.connect(_worker_starts, weak=False)
    beat_init.connect(_scheduler_starts, weak=False)


def _worker_starts(sender: Any = None, **_: object) -> None:
    _begin(str(getattr(sender, "hostname", "worker")).partition("@")[0])


def _scheduler_starts(**_: object) -> None:
    _begin("scheduler")


def _begin(service: str) -> None:
    # Here, because models cannot be imported when the Celery application is made.
    from appliance.web.egress.guarding import begin

    begin(service)
