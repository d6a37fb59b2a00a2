"""Tells the broker of work that stands in the database already."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task

logger = logging.getLogger(__name__)


def send(task: Task[Any, Any], identifier: int | str, *, after_s: float = 0) -> None:
    """Send a row's id, maybe for a little later; when the broker does not answer, the scheduler sends
    it again."""
    try:
        if after_s:
            task.apply_async((identifier,), countdown=after_s)
        else:
            task.delay(identifier)
    except task.OperationalError as exc:
        logger.warning(
            "task=%s id=%s the broker does not answer: %s",
            task.name,
            identifier,
            type(exc).__name__,
        )
