"""How the product is configured and started."""

from __future__ import annotations

from appliance.config.celery import app as celery_app

__all__ = ["celery_app"]
