"""Asks a code host who may read a source: the bridge from rows and settings to the flow."""

from __future__ import annotations

from appliance.sources.credentials import token_of
from appliance.sources.hostaccess.places import path_on
from appliance.sources.models import CodeHost
from indexer import clients
from indexer.errors import FetchRefused
from indexer.hosting.members.reading import read_access
from indexer.hosting.members.values import HostedAccess
from indexer.hosting.values import HostLimits
from indexer.models import Source

WHILE_SOMEBODY_WAITS = HostLimits(wall_s=20.0, read_s=10.0, connect_s=5.0)


def ask(host: CodeHost, source: Source, *, limits: HostLimits | None = None) -> HostedAccess:
    """Return what the host says. Raises FetchRefused or FetchFailed with a sentence."""
    path = path_on(host, source)
    if not path:
        raise FetchRefused("not_on_host", f"{source.name} does not lie on {host} any more.")
    return read_access(
        host.kind,
        host.address,
        path,
        token=token_of(host.credential),
        policy=clients.location_policy(from_command_line=False),
        limits=limits,
    )
