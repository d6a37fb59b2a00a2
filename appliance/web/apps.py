"""The Django app of layout, home and status."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "appliance.web"
    verbose_name = "Web"
