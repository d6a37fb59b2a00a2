"""How many questions a person may ask within an hour, where the operator has set a number."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.models import CountedQuestion

HOUR = timedelta(hours=1)


class QuotaReached(Exception):
    """A person has asked as many questions as one may within an hour."""

    def __init__(self, most: int, again_at: datetime) -> None:
        super().__init__(most, again_at)
        self.again_at = again_at
        questions = "1 question" if most == 1 else f"{most} questions"
        minutes = math.ceil(self.seconds / 60)
        # The minute after, so that nobody comes too early by the clock on the wall.
        clock = timezone.localtime(again_at + timedelta(minutes=1)).strftime("%H:%M %Z")
        self.sentence = (
            f"You have asked {questions} within an hour, as many as one person may. You can go on"
            f" in {minutes} minute{'' if minutes == 1 else 's'}, at {clock}."
        )

    @property
    def seconds(self) -> int:
        """Return in how many seconds the person can go on."""
        return max(1, math.ceil((self.again_at - timezone.now()).total_seconds()))


def count_question(user_id: int) -> None:
    """Count a question of this person, or raise QuotaReached. Call it within a transaction."""
    most = int(settings.QUESTIONS_PER_HOUR)
    if not most:
        return
    # Of two that are asked at the same moment only one may be the last.
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    counted = CountedQuestion.objects.filter(user_id=user_id)
    counted.filter(at__lte=timezone.now() - HOUR).delete()
    asked_at = list(counted.order_by("at").values_list("at", flat=True))
    if len(asked_at) >= most:
        raise QuotaReached(most, asked_at[len(asked_at) - most] + HOUR)
    CountedQuestion.objects.create(user_id=user_id)
