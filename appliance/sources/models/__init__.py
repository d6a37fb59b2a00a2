"""Who may read what, the servers whose word on it is taken, and searches that people keep."""

from __future__ import annotations

from appliance.sources.models.grant import Grant, in_force
from appliance.sources.models.host import CodeHost, HostAccess, HostMember, HostPerson
from appliance.sources.models.saved import Delivery, Notification, SavedSearch, WebhookTarget

__all__ = [
    "CodeHost",
    "Delivery",
    "Grant",
    "HostAccess",
    "HostMember",
    "HostPerson",
    "Notification",
    "SavedSearch",
    "WebhookTarget",
    "in_force",
]
