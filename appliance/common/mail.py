"""Mail that the product sends by itself: marked as such, with a subject that can add no header."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


def automatic_mail(
    subject: str,
    text: str,
    to: str,
    *,
    relay: BaseEmailBackend | None = None,
    message_id: str = "",
) -> EmailMessage:
    """Return a mail to one person; without a relay Django opens one when it is sent."""
    headers = {"Auto-Submitted": "auto-generated"}  # nobody's absence notice answers it
    if message_id:
        headers["Message-ID"] = f"<{message_id}@plumbline>"
    one_line = " ".join(subject.split())  # names have line ends, which would begin a header
    return EmailMessage(one_line, text, to=[to], connection=relay, headers=headers)
