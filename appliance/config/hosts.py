"""Settings of the permissions that are taken from code hosts."""

from __future__ import annotations

from appliance.config.env import SettingError, env_int

__all__ = ["HOST_ACCESS_LAPSE_HOURS", "HOST_ACCESS_SYNC_S"]

HOST_ACCESS_SYNC_S = env_int("PLUMBLINE_HOST_ACCESS_SYNC_S", default=900, minimum=60)
# So long what a host said last counts without a sync that went well; then nobody reads by it.
HOST_ACCESS_LAPSE_HOURS = env_int("PLUMBLINE_HOST_ACCESS_LAPSE_HOURS", default=24, minimum=1)

if HOST_ACCESS_LAPSE_HOURS * 3600 <= HOST_ACCESS_SYNC_S:
    raise SettingError(
        "PLUMBLINE_HOST_ACCESS_LAPSE_HOURS: what a host said would lapse between two syncs; write "
        "more hours, or fewer seconds in PLUMBLINE_HOST_ACCESS_SYNC_S"
    )
