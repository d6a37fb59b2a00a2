"""The Django app of pages and access rules over the corpus' sources."""

from __future__ import annotations

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    name = "appliance.sources"
    verbose_name = "Sources and access"
