"""The Django app of threads, answers and their evidence."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_save


class ConversationsConfig(AppConfig):
    name = "appliance.conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        # Not before: they need the models, which are not loaded when this module is.
        from appliance.accounts.models import User
        from appliance.conversations.leaving import stops_with_being_active

        post_save.connect(stops_with_being_active, sender=User)
        import_module("appliance.conversations.measuring")  # registers what is told of answers
