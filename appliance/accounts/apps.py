"""The Django app of people and sign-in."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "appliance.accounts"
    verbose_name = "People"
