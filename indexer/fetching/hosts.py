"""Find the one address that a fetch may connect to, so that a second look-up cannot change it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from indexer.errors import FetchFailed
from indexer.fetching.location import Location
from indexer.fetching.policy import LocationPolicy, closed_address, to_address

Resolver = Callable[[str], Sequence[str]]


def resolve_host(host: str) -> list[str]:
    """Return the addresses of a host, by the system's resolver."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(
            "host_not_found", f"The name {host} could not be resolved. Check its spelling."
        ) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def pin_address(
    location: Location, policy: LocationPolicy, resolver: Resolver, timeout_s: float
) -> str | None:
    """Return the allowed address of the location's host that answers, None without a host."""
    if location.host is None or location.port is None:
        return None
    policy.check_host(location.host)
    addresses = [location.host] if to_address(location.host) else resolver(location.host)
    allowed = [text for text in addresses if (found := to_address(text)) and policy.opens(found)]
    if not allowed:
        raise closed_address(location.host)
    for address in allowed:
        try:
            socket.create_connection((address, location.port), timeout=timeout_s).close()
        except OSError:
            continue
        return address
    raise FetchFailed(
        "host_unreachable",
        f"{location.host} does not answer on port {location.port}. Check that the server runs and "
        "that no firewall lies between.",
    )
