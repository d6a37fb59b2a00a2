"""The state of the air gap for the status page and the doctor: what the services found last."""

from __future__ import annotations

import os
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from appliance.web.check import ABOVE, UNKNOWN, Check
from appliance.web.egress.looking import newest_runs
from appliance.web.models import EgressRun
from inference.egress.targets import PROXY_VARIABLES

OVERDUE = timedelta(days=2)
FORGOTTEN = timedelta(days=30)  # of a service that is no more
NAME = "Egress"
SHOWN = 3


def check_egress() -> Check:
    """Say what the newest looks found; nothing is tried here."""
    if found := [
        one for one in PROXY_VARIABLES if os.environ.get(one) or os.environ.get(one.lower())
    ]:
        detail = f"{', '.join(found)} is set: a way out of this machine exists"
        step = "Start without it, unless sources are fetched through it."
        return Check(NAME, "warning", detail, step)
    if settings.EGRESS == "off":
        return Check(NAME, "ok", "no proxy is set; ways out are not tried (PLUMBLINE_EGRESS=off)")
    try:
        runs = [run for run in newest_runs() if timezone.now() - run.at < FORGOTTEN]
    except DatabaseError:
        return Check(NAME, "failed", UNKNOWN, ABOVE)
    if not runs:
        step = "Each service looks when it starts, or at once: manage.py egress"
        return Check(NAME, "off", "no service has looked yet", step)
    return _of_runs(runs)


def _of_runs(runs: list[EgressRun]) -> Check:
    if leaking := [run for run in runs if run.verdict == EgressRun.Verdict.OPEN]:
        ways = sorted(
            {one["target"] for run in leaking for one in run.attempts if one["outcome"] == "open"}
        )
        detail = f"open for {_names(leaking)}: {_few(ways)}"
        if settings.EGRESS == "enforce":
            return Check(NAME, "failed", detail, "Close it in the firewall: docs/air-gap.md.")
        step = "Nothing of the product uses it. To forbid it: PLUMBLINE_EGRESS=enforce."
        return Check(NAME, "off", detail, step)
    if unsure := [run for run in runs if run.verdict == EgressRun.Verdict.UNKNOWN]:
        detail = f"not known for {_names(unsure)}: a control failed"
        return Check(NAME, "warning", detail, "Look at manage/egress/, or run: manage.py egress")
    detail = f"{len(runs)} services looked, nothing got out"
    late = [run for run in runs if timezone.now() - run.at > OVERDUE]
    if late:
        return Check(NAME, "warning", f"no look for two days: {_names(late)}", "Start it again.")
    return Check(NAME, "ok", detail)


def _names(runs: list[EgressRun]) -> str:
    return _few([run.service for run in runs])


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
