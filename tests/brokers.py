"""Which broker the product's tasks are sent to while a test runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

NAMES = ("broker_url", "broker_read_url", "broker_write_url")


@contextmanager
def sending_to(app: Celery, url: str) -> Iterator[None]:
    """Send tasks to a broker; connections that Celery keeps to the one before are forgotten."""
    before = {name: app.conf[name] for name in NAMES}
    app.conf.update(dict.fromkeys(NAMES, url))
    app._after_fork()  # type: ignore[attr-defined]  # Celery's own, not in its stubs
    try:
        yield
    finally:
        app.conf.update(before)
        app._after_fork()  # type: ignore[attr-defined]  # Celery's own, not in its stubs
