"""The receiver of webhooks, as alerts on saved searches have it."""

from __future__ import annotations

from tests.appliance.sources.saved.conftest import receiver

__all__ = ["receiver"]
