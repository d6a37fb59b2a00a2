"""How long each role took, from the log that Ansible writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

STARTED = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ .*\| (?:TASK|RUNNING HANDLER) \[([\w-]+) :"
)
ENDED = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ .*\| PLAY RECAP ")
RECAP = re.compile(r"\bok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")


def seconds_of_roles(log: Iterable[str]) -> dict[str, int]:
    """Return the seconds of each role: from a task's start to that of the next."""
    marks = []
    for line in log:
        if found := STARTED.match(line):
            marks.append((datetime.fromisoformat(found[1]), found[2]))
        elif found := ENDED.match(line):
            marks.append((datetime.fromisoformat(found[1]), ""))
    seconds: dict[str, int] = {}
    for (start, role), (end, _) in pairwise(marks):
        if role:
            seconds[role] = seconds.get(role, 0) + int((end - start).total_seconds())
    return seconds


def changed_in_recap(output: str) -> int:
    """Return how many tasks changed something, over all hosts. Raises ValueError without a recap."""
    recaps = RECAP.findall(output)
    if not recaps:
        raise ValueError("there is no recap: the playbook did not end")
    if any(int(unreachable) + int(failed) for _, _, unreachable, failed in recaps):
        raise ValueError("the playbook failed")
    return sum(int(changed) for _, changed, _, _ in recaps)
