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
    reasons: Sequence[str] | None = None,
    comment: str | None = None,
) -> Feedback:
    """Write down what a person thinks of an answer; a second time changes the first.

    What is left out stays as it is. What is good has no reasons.
    """
    values: dict[str, object] = {"is_good": is_good, "updated_at": timezone.now()}
    if is_good:
        values["reasons"] = []
    elif reasons is not None:
        values["reasons"] = [one for one in Feedback.Reason.values if one in reasons]
    if comment is not None:
        values["comment"] = visible(comment.replace("\0", "")).strip()[:LONGEST_COMMENT]
    feedback, _ = Feedback.objects.update_or_create(message=message, person=user, defaults=values)
    return feedback


def take_back(user: User, message: Message) -> None:
    Feedback.objects.filter(message=message, person=user).delete()


def feedback_of(user: User, message: Message) -> Feedback | None:
    return Feedback.objects.filter(message=message, person=user).first()
