"""Labels of threads: words of the owner's own, by which the list of threads is narrowed.

They are nobody else's: who a thread is shared with sees none of them, nor does an export.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from appliance.accounts.models import User
from appliance.conversations.access import threads_of
from appliance.conversations.models import Thread

MOST = 5
LONGEST = 40
SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Label:
    """One label of somebody's threads, with how many carry it."""

    name: str
    threads: int


class TooMany(ValueError):
    """More labels than a thread may carry, or one that is too long; the message says so."""


def labels_in(text: str) -> list[str]:
    """Return the labels that are written with commas between them, each once; raises TooMany."""
    written = (SPACES.sub(" ", part).strip() for part in text.split(","))
    found = list({one.casefold(): one for one in written if one}.values())
    if len(found) > MOST:
        raise TooMany(f"A thread has at most {MOST} labels.")
    if any(len(one) > LONGEST for one in found):
        raise TooMany(f"A label has at most {LONGEST} letters.")
    return found


def label_thread(thread: Thread, labels: list[str]) -> None:
    Thread.objects.filter(pk=thread.pk).update(labels=labels)


def labels_of(user: User) -> list[Label]:
    """Return the labels of somebody's threads, by name."""
    rows = threads_of(user).exclude(labels=[]).values_list("labels", flat=True)
    counted = Counter(name for labels in rows for name in labels)
    return [Label(name, counted[name]) for name in sorted(counted, key=str.casefold)]
