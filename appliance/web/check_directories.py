"""The check of how current people and groups are."""

from __future__ import annotations

from django.db import DatabaseError

from appliance.accounts.lag import lags
from appliance.common.starting import start_again
from appliance.web.check import ABOVE, UNKNOWN, Check


def check_directories() -> Check:
    """Tell how far each LDAP directory's people and groups may lie behind."""
    try:
        known = lags()
    except DatabaseError:
        return Check("Directories", "failed", UNKNOWN, ABOVE)
    late = [lag for lag in known if lag.is_late]
    if not known:
        step = "It is optional: see docs/directories.md."
        return Check("Directories", "off", "none is asked at intervals", step)
    detail = ", ".join(map(str, late or known))
    if not late:
        return Check("Directories", "ok", detail)
    step = late[0].error or start_again("the workers and the scheduler", "worker")
    return Check("Directories", "warning", detail, step)
