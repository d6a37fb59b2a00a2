"""What is tried: public addresses that answer everybody, each by a kind of way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TCP, DNS, NTP, PING, NAME, PROXY, UNIX = "tcp", "dns", "ntp", "ping", "name", "proxy", "unix"
PORTS = {TCP: 443, DNS: 53, NTP: 123}
# Of public resolvers and clocks (Cloudflare, Google, Quad9): they answer whoever reaches them. The
# firewall role counts packets to them apart (firewall_probes), so keep the two lists the same.
PUBLIC = (
    "tcp://1.1.1.1:443",
    "tcp://8.8.8.8:443",
    "tcp://9.9.9.9:443",
    "tcp://1.1.1.1:80",
    "tcp://8.8.8.8:53",
    "tcp://1.1.1.1:853",
    "tcp://[2606:4700:4700::1111]:443",
    "tcp://[2001:4860:4860::8888]:443",
    "dns://1.1.1.1:53",
    "dns://8.8.8.8:53",
    "dns://[2606:4700:4700::1111]:53",
    "ntp://162.159.200.1:123",
    "ntp://216.239.35.0:123",
    "ping://1.1.1.1",
    "ping://[2606:4700:4700::1111]",
    "name://example.com",
    "name://one.one.one.one",
)
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
THROUGH_PROXY = "1.1.1.1:443"  # what a proxy is asked to connect to


class WrongTarget(ValueError):
    """A target is not written as kind://host:port; the message says how."""


@dataclass(frozen=True, slots=True)
class Target:
    """One way out to try; a proxy's user and password stand apart, to be shown nowhere."""

    kind: str
    host: str
    port: int = 0
    scheme: str = ""  # of a proxy: http or socks
    login: str = ""  # user:password for a proxy

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}" + (f":{self.port}" if self.port else "")


def targets_from(written: Iterable[str]) -> tuple[Target, ...]:
    """Read targets such as tcp://1.1.1.1:443. Raises WrongTarget."""
    return tuple(_target(one) for one in written)


def _target(written: str) -> Target:
    try:
        parts = urlsplit(written)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as exc:
        raise WrongTarget(f"{written}: {exc}") from None
    if parts.scheme not in {TCP, DNS, NTP, PING, NAME} or not parts.hostname:
        kinds = "tcp, dns, ntp, ping or name"
        raise WrongTarget(f"{written}: write {kinds}, then ://HOST, or ://HOST:PORT")
    return Target(parts.scheme, parts.hostname, port)


def proxies_from(environ: Mapping[str, str]) -> tuple[Target, ...]:
    """Return the proxies that the environment names, each once."""
    found = []
    for name in PROXY_VARIABLES:
        for value in (environ.get(name, ""), environ.get(name.lower(), "")):
            if value and (proxy := _proxy(value)) and proxy not in found:
                found.append(proxy)
    return tuple(found)


def _proxy(value: str) -> Target | None:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        port = parts.port or (1080 if parts.scheme.startswith("socks") else 3128)
    except ValueError:
        return None  # no program can use it either
    if not parts.hostname:
        return None
    scheme = "socks" if parts.scheme.startswith("socks") else "http"
    login = f"{parts.username}:{parts.password or ''}" if parts.username else ""
    return Target(PROXY, parts.hostname, port, scheme, login)
