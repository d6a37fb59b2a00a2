"""Threads that branch, put down message by message."""

from __future__ import annotations

from typing import Any

from appliance.accounts.models import User
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.models import Message, MessageEvidence, Thread, ThreadShare
from tests.appliance.conversations.conftest import link


def ask(thread: Thread, text: str, after: Message | None = None, **fields: Any) -> Message:
    return Message.objects.create(thread=thread, role="question", text=text, parent=after, **fields)


def say(
    question: Message, text: str, given: list[EvidenceLines] | None = None, **fields: Any
) -> Message:
    """Answer a question from lines that are in the prompt and cited."""
    given = given or []
    fields = {"receipt": {"given": len(given)}, **fields}
    message = Message.objects.create(
        thread=question.thread, role="answer", text=text, parent=question, **fields
    )
    link(message, given, MessageEvidence.Role.IN_PROMPT)
    link(message, given, MessageEvidence.Role.CITED)
    return message


def share_with(thread: Thread, user: User) -> ThreadShare:
    return ThreadShare.objects.create(thread=thread, user=user, created_by=thread.owner)
