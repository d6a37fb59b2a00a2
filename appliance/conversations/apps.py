"""The Django app of threads, answers and their evidence."""

from __future__ import annotations

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "appliance.conversations"
    verbose_name = "Conversations"
