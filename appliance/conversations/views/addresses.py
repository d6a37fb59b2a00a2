"""Where on the site a message stands."""

from __future__ import annotations

from django.urls import reverse

from appliance.conversations.models import Message


def address_of(message: Message) -> str:
    """Return the thread's page at a message, wherever it stands in the tree."""
    page = reverse("thread", args=[message.thread_id])
    return f"{page}?at={message.pk}#message-{message.pk}"
