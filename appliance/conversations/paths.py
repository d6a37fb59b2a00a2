"""The path of a thread from its first question to one message, with texts: see trees.py for the rest."""

from __future__ import annotations

from appliance.conversations.models import Message, Thread


def path_to(message: Message) -> list[Message]:
    """Return the messages from the thread's first question to this one, in order."""
    # Of a long thread all rows come: what only pages show of them is left behind.
    rows = Message.objects.filter(thread_id=message.thread_id).defer("checks", "prompt")
    by_id = {one.pk: one for one in rows}
    path: list[Message] = []
    at: Message | None = by_id.get(message.pk)
    while at is not None:
        path.append(at)
        at = by_id.get(at.parent_id) if at.parent_id else None
    return path[::-1]


def latest_answer(thread: Thread) -> Message | None:
    """Return the answer that was begun last: what a follow-up follows on."""
    answers = thread.messages.filter(role=Message.Role.ANSWER)
    return answers.order_by("-created_at", "-pk").first()
