"""The Django app of people and sign-in."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_save


class AccountsConfig(AppConfig):
    name = "appliance.accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from appliance.accounts import recording  # needs the models of other apps

        recording.connect()
        # Not before: they need the models, which are not loaded when this module is.
        from appliance.accounts.leaving import ends_with_being_active
        from appliance.accounts.models import User

        post_save.connect(ends_with_being_active, sender=User)
