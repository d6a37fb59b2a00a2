"""The Django app of pages and access rules over the corpus' sources."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    name = "appliance.sources"
    verbose_name = "Sources and access"

    def ready(self) -> None:
        import_module("appliance.sources.measuring")  # registers what is told of sources
