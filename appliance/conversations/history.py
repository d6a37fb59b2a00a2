"""The list of threads beside a conversation, newest first, under the days people remember."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.utils import timezone

from appliance.conversations.models import Thread


@dataclass(frozen=True, slots=True)
class ThreadGroup:
    label: str
    threads: tuple[Thread, ...]


def grouped(threads: Iterable[Thread], *, today: date) -> list[ThreadGroup]:
    """Group threads that come newest first; the order stays as it is."""

    def label_of(thread: Thread) -> str:
        return day_label(timezone.localdate(thread.updated_at), today=today)

    return [ThreadGroup(label, tuple(group)) for label, group in groupby(threads, key=label_of)]


def day_label(day: date, *, today: date) -> str:
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return "Previous 7 days"
    if day > today - timedelta(days=30):
        return "Previous 30 days"
    return day.strftime("%B %Y")
