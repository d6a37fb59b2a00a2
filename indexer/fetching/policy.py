"""What the operator allows to be connected: schemes, hosts, addresses and folders."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from indexer.errors import LocationRefused

KNOWN_SCHEMES = frozenset({"https", "ssh", "http"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IPv6 ranges that carry an IPv4 address inside: what counts is where they lead.
NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class LocationPolicy:
    """Private addresses are open by default, because that is where a company's git servers are.

    Loopback, link-local (with the metadata service of clouds), multicast and reserved addresses
    are closed unless `networks` opens them.
    """

    schemes: frozenset[str] = frozenset({"https", "ssh"})
    hosts: tuple[str, ...] = ()  # patterns such as "*.example.com"; none means every host
    networks: tuple[str, ...] = ()  # opened although closed by default, such as "127.0.0.0/8"
    paths_allowed: bool = False  # pages say no, the command line says yes
    path_roots: tuple[Path, ...] = ()  # folders below which paths may be connected
    ca_file: Path | None = None  # certificate authorities to trust instead of the system's

    def __post_init__(self) -> None:
        if unknown := self.schemes - KNOWN_SCHEMES:
            raise ValueError(f"no such scheme for a repository: {', '.join(sorted(unknown))}")
        for network in self.networks:
            ipaddress.ip_network(network)

    def check_host(self, host: str) -> None:
        """Refuse a host name that no pattern names, or an address that is closed."""
        if self.hosts and not any(fnmatchcase(host, pattern.lower()) for pattern in self.hosts):
            raise LocationRefused(
                "host_not_allowed",
                f"The host {host} is not among the allowed hosts. Ask the operator to add it.",
            )
        if (address := to_address(host)) is not None and not self.opens(address):
            raise closed_address(host)

    def opens(self, address: Address) -> bool:
        """Tell whether connections to this address may be made."""
        address = _innermost(address)
        if any(address in ipaddress.ip_network(network) for network in self.networks):
            return True
        return not (
            address.is_loopback
            or address.is_link_local
            or address.is_multicast
            or address.is_unspecified
            or address.is_reserved
        )


def closed_address(host: str) -> LocationRefused:
    return LocationRefused(
        "host_not_allowed",
        f"{host} leads to this machine, to a link-local or to a reserved address, which may not "
        "be connected. Use the server's own name, or ask the operator to open that network.",
    )


def to_address(host: str) -> Address | None:
    """Return the address that a host literally is, None when it is a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _innermost(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
