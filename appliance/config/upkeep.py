"""Settings of what keeps an installation safe over the years: the proof that nothing gets out, backups.

Read after the settings file of the data folder: settings.py imports this where it has loaded it.
"""

from __future__ import annotations

from appliance.config.env import SettingError, env_choice, env_list, env_str
from inference.egress.targets import PUBLIC, WrongTarget, targets_from

__all__ = ["EGRESS", "EGRESS_ACCEPTED", "EGRESS_COUNTERS_FILE", "EGRESS_TARGETS"]

KINDS = {"tcp", "dns", "ntp", "ping", "name", "proxy"}

EGRESS = env_choice("PLUMBLINE_EGRESS", choices={"off", "report", "enforce"}, default="report")
EGRESS_TARGETS = env_list("PLUMBLINE_EGRESS_TARGETS") or list(PUBLIC)
EGRESS_ACCEPTED = env_list("PLUMBLINE_EGRESS_ACCEPTED")
# What the firewall dropped, as written for Prometheus by the host; empty: not known.
EGRESS_COUNTERS_FILE = env_str("PLUMBLINE_EGRESS_COUNTERS_FILE", default="")

try:
    targets_from(EGRESS_TARGETS)
except WrongTarget as exc:
    raise SettingError(f"PLUMBLINE_EGRESS_TARGETS: {exc}") from None
if unknown := set(EGRESS_ACCEPTED) - KINDS:
    raise SettingError(
        f"PLUMBLINE_EGRESS_ACCEPTED: there is no kind {', '.join(sorted(unknown))}; "
        f"write some of {', '.join(sorted(KINDS))}"
    )
