"""Usage is counted by day: what was answered, what not, by how many people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.models import Feedback, Message, Thread
from appliance.web.managing.usage import usage_of

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def answer(owner: User, *, days_ago: int = 0, **fields: Any) -> Message:
    thread = Thread.objects.create(owner=owner, title="x")
    created_at = timezone.now() - timedelta(days=days_ago)
    return Message.objects.create(
        thread=thread, role=Message.Role.ANSWER, created_at=created_at, **fields
    )


def test_nobody_asked() -> None:
    usage = usage_of()
    assert (usage.questions, usage.people, usage.not_found_share, usage.plots) == (0, 0, None, ())
    assert len(usage.days) == 30


def test_answers_are_counted_by_day_and_kind(reader: User, owner: User) -> None:
    good = answer(reader, seconds=2.0)
    answer(reader, seconds=4.0, not_found=True)
    answer(owner, seconds=6.0)
    answer(owner, state=Message.State.FAILED)
    answer(owner, state=Message.State.STOPPED)
    answer(owner, state=Message.State.QUEUED)
    answer(owner, days_ago=1, seconds=1.0)
    answer(owner, days_ago=40, seconds=1.0)
    Feedback.objects.create(message=good, person=reader, is_good=True)
    usage = usage_of()
    today = usage.days[-1]
    assert (today.people, today.answered, today.not_found, today.failed) == (2, 2, 1, 1)
    assert (today.seconds_p50, today.good, today.bad) == (4.0, 1, 0)
    assert (usage.days[-2].questions, usage.questions, usage.people) == (1, 5, 2)
    assert usage.not_found_share == pytest.approx(0.2)
    assert [plot.title for plot in usage.plots] == [
        "Questions a day",
        "People who asked",
        "Opinions of answers",
    ]
