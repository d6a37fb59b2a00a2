"""The Django app of layout, home and status."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from appliance.web.walls import put_up


class WebConfig(AppConfig):
    name = "appliance.web"
    verbose_name = "Web"

    def ready(self) -> None:
        post_migrate.connect(put_up, sender=self, dispatch_uid="second wall")
        import_module("appliance.web.backups.checks")
        import_module("appliance.web.egress.measuring")
        import_module("appliance.web.measuring")  # registers what is told of the appliance
