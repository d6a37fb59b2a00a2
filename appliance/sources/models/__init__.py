"""Who may read what, and the servers whose word on it is taken."""

from __future__ import annotations

from appliance.sources.models.grant import Grant, in_force
from appliance.sources.models.host import CodeHost, HostAccess, HostMember, HostPerson

__all__ = ["CodeHost", "Grant", "HostAccess", "HostMember", "HostPerson", "in_force"]
