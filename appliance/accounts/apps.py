"""The Django app of people and sign-in."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "appliance.accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from appliance.accounts import recording  # needs the models of other apps

        recording.connect()
