"""The Django app of layout, home and status."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "appliance.web"
    verbose_name = "Web"

    def ready(self) -> None:
        import_module("appliance.web.measuring")  # registers what is told of the appliance
