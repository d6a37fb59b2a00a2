"""Settings of what keeps an installation safe over the years: the proof that nothing gets out,
backups, and what the hosts of a site hand each other.

Read after the settings file of the data folder: settings.py imports this where it has loaded it.
"""

from __future__ import annotations

import re

from appliance.config.env import (
    SettingError,
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_secret,
    env_str,
)
from inference.egress.targets import PUBLIC, WrongTarget, targets_from

__all__ = [
    "BACKUP_FOLDER",
    "BACKUP_KEEP_DAILY",
    "BACKUP_KEEP_WEEKLY",
    "BACKUP_RECIPIENTS",
    "CERTIFICATE_FILES",
    "EGRESS",
    "EGRESS_ACCEPTED",
    "EGRESS_COUNTERS_FILE",
    "EGRESS_TARGETS",
    "REPLICATION_URL",
    "SECRET_KEY_FALLBACKS",
    "SHARE_MIRRORS",
    "STARTED_BY",
]

# Certificates of this host in PEM, whose end the doctor tells of in time.
CERTIFICATE_FILES = env_list("PLUMBLINE_CERTIFICATE_FILES")

# What runs the services, for sentences that say how to start them again.
STARTED_BY = env_choice("PLUMBLINE_STARTED_BY", choices={"make", "systemd"}, default="make")

KINDS = {"tcp", "dns", "ntp", "ping", "name", "proxy"}

EGRESS = env_choice("PLUMBLINE_EGRESS", choices={"off", "report", "enforce"}, default="report")
EGRESS_TARGETS = env_list("PLUMBLINE_EGRESS_TARGETS") or list(PUBLIC)
EGRESS_ACCEPTED = env_list("PLUMBLINE_EGRESS_ACCEPTED")
# What the firewall dropped, as written for Prometheus by the host; empty: not known.
EGRESS_COUNTERS_FILE = env_str("PLUMBLINE_EGRESS_COUNTERS_FILE", default="")

# Where the worker writes a backup each night; empty: it does not.
BACKUP_FOLDER = env_str("PLUMBLINE_BACKUP_FOLDER", default="")
BACKUP_RECIPIENTS = env_list(
    "PLUMBLINE_BACKUP_RECIPIENTS"
)  # public keys of age; none: not encrypted
BACKUP_KEEP_DAILY = env_int("PLUMBLINE_BACKUP_KEEP_DAILY", default=14, minimum=1)
BACKUP_KEEP_WEEKLY = env_int("PLUMBLINE_BACKUP_KEEP_WEEKLY", default=8)
# As whom the database's log and copies of the whole are fetched; empty: they are not.
REPLICATION_URL = env_secret("PLUMBLINE_REPLICATION_URL", default="")

# The key before the present one: signed-in people stay so, and rotate_key reads what it sealed.
SECRET_KEY_FALLBACKS = [old] if (old := env_secret("PLUMBLINE_OLD_SECRET_KEY", default="")) else []

# Whether mirrors and uploads go to other hosts through the database: pages and workers are several.
SHARE_MIRRORS = env_bool("PLUMBLINE_SHARE_MIRRORS", default=False)

try:
    targets_from(EGRESS_TARGETS)
except WrongTarget as exc:
    raise SettingError(f"PLUMBLINE_EGRESS_TARGETS: {exc}") from None
if unknown := set(EGRESS_ACCEPTED) - KINDS:
    raise SettingError(
        f"PLUMBLINE_EGRESS_ACCEPTED: there is no kind {', '.join(sorted(unknown))}; "
        f"write some of {', '.join(sorted(KINDS))}"
    )
if wrong := [one for one in BACKUP_RECIPIENTS if not re.fullmatch(r"age1[0-9a-z]{58}", one)]:
    raise SettingError(
        f"PLUMBLINE_BACKUP_RECIPIENTS: {wrong[0][:20]} is no public key of age (age1…)"
    )
