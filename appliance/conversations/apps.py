"""The Django app of threads, answers and their evidence."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "appliance.conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        import_module("appliance.conversations.measuring")  # registers what is told of answers
