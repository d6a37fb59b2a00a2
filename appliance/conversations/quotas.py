"""How many questions a person may ask: within an hour, where the operator has set a number, and at a
time, so that nobody fills the line with a loop."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.models import CountedQuestion, Message
from appliance.conversations.waiting import BEING_WRITTEN

HOUR = timedelta(hours=1)
AGAIN = timedelta(seconds=30)  # after which one of many questions may have been answered


class QuotaReached(Exception):
    """A person has asked as much as one may for now; the sentence says when they can go on."""

    def __init__(self, sentence: str, again_at: datetime) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.again_at = again_at

    @property
    def seconds(self) -> int:
        """Return in how many seconds it is worth asking again."""
        return max(1, math.ceil((self.again_at - timezone.now()).total_seconds()))


class HourIsFull(QuotaReached):
    """A person has asked as many questions as one may within an hour."""

    def __init__(self, most: int, again_at: datetime) -> None:
        super().__init__("", again_at)
        questions = "1 question" if most == 1 else f"{most} questions"
        minutes = math.ceil(self.seconds / 60)
        # The minute after, so that nobody comes too early by the clock on the wall.
        clock = timezone.localtime(again_at + timedelta(minutes=1)).strftime("%H:%M %Z")
        self.sentence = (
            f"You have asked {questions} within an hour, as many as one person may. You can go on"
            f" in {minutes} minute{'' if minutes == 1 else 's'}, at {clock}."
        )


class LineIsFull(QuotaReached):
    """So many questions of a person are not answered yet that a further one is not taken."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} of your questions wait or are being answered, as many as one person's may."
            " Ask again when some have ended, or stop some.",
            timezone.now() + AGAIN,
        )


def count_question(user_id: int) -> None:
    """Count a question of this person, or raise QuotaReached. Call it within a transaction."""
    if (most := int(settings.QUESTIONS_AT_ONCE)) and open_questions(user_id) >= most:
        raise LineIsFull(most)
    if most := int(settings.QUESTIONS_PER_HOUR):
        _count_within_the_hour(user_id, most)


def open_questions(user_id: int) -> int:
    """Return how many questions of a person wait or are being answered."""
    states = (Message.State.QUEUED, *BEING_WRITTEN)
    return Message.objects.filter(thread__owner=user_id, state__in=states).count()


def _count_within_the_hour(user_id: int, most: int) -> None:
    # Of two that are asked at the same moment only one may be the last.
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    counted = CountedQuestion.objects.filter(user_id=user_id)
    counted.filter(at__lte=timezone.now() - HOUR).delete()
    asked_at = list(counted.order_by("at").values_list("at", flat=True))
    if len(asked_at) >= most:
        raise HourIsFull(most, asked_at[len(asked_at) - most] + HOUR)
    CountedQuestion.objects.create(user_id=user_id)
