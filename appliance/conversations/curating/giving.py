"""What a person does with feedback: give it, change it, take it back."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.curating.models import LONGEST_COMMENT, Feedback
from appliance.conversations.models import Message
from appliance.conversations.visible import visible


def give_feedback(
    user: User,
    message: Message,
    *,
    is_good: bool,
    reasons: Sequence[str] = (),
    comment: str = "",
) -> Feedback:
    """Write down what a person thinks of an answer; a second time changes the first.

    What is good has no reasons.
    """
    known = [] if is_good else [one for one in Feedback.Reason.values if one in reasons]
    feedback, _ = Feedback.objects.update_or_create(
        message=message,
        person=user,
        defaults={
            "is_good": is_good,
            "reasons": known,
            "comment": visible(comment.replace("\0", "")).strip()[:LONGEST_COMMENT],
            "updated_at": timezone.now(),
        },
    )
    return feedback


def take_back(user: User, message: Message) -> None:
    Feedback.objects.filter(message=message, person=user).delete()


def feedback_of(user: User, message: Message) -> Feedback | None:
    return Feedback.objects.filter(message=message, person=user).first()
