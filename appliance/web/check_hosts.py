"""The check of how current the permissions are that sources take from code hosts."""

from __future__ import annotations

from django.db import DatabaseError

from appliance.sources.hostaccess.state import lateness
from appliance.web.check import ABOVE, UNKNOWN, Check


def check_hosts() -> Check:
    """Tell of how many sources the host's permissions are late."""
    try:
        total, late = lateness()
    except DatabaseError:
        return Check("Code hosts", "failed", UNKNOWN, ABOVE)
    if not total:
        step = "It is optional: see docs/code-hosts.md."
        return Check("Code hosts", "off", "no source takes a host's permissions", step)
    taken = f"{total} source{'s' if total > 1 else ''} take{'' if total > 1 else 's'} them"
    if not late:
        return Check("Code hosts", "ok", taken)
    step = "See Code hosts in the administration: each source says what is wrong."
    return Check("Code hosts", "warning", f"{taken}, {late} late", step)
