"""Has a question of one's own answered again, from the code as it is now."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from appliance.conversations.branching import answer_again
from appliance.conversations.living.models import ChangedAnswer
from appliance.conversations.models import Message


@transaction.atomic
def ask_again(answer: Message) -> Message:
    """Begin a further answer to the same question; the old one stays beside it, and is seen."""
    ChangedAnswer.objects.filter(message=answer).update(seen_at=timezone.now())
    return answer_again(answer.parent or answer, like=answer)
