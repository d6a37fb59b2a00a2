"""Who may read what, the servers whose word on it is taken, searches and sets that people keep."""

from __future__ import annotations

from appliance.sources.models.grant import Grant, check_pattern, end_of, in_force, last_day_before
from appliance.sources.models.host import CodeHost, HostAccess, HostMember, HostPerson
from appliance.sources.models.saved import Delivery, Notification, SavedSearch, WebhookTarget
from appliance.sources.models.sets import SetPart, SourceSet

__all__ = [
    "CodeHost",
    "Delivery",
    "Grant",
    "HostAccess",
    "HostMember",
    "HostPerson",
    "Notification",
    "SavedSearch",
    "SetPart",
    "SourceSet",
    "WebhookTarget",
    "check_pattern",
    "end_of",
    "in_force",
    "last_day_before",
]
