"""Where a source lies on a code host: which host it is, and the repository's path there."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from appliance.sources.models import CodeHost
from indexer.models import Source

SAME = {"api.github.com": "github.com", "ssh.github.com": "github.com"}
PORTS = {"https": 443, "http": 80}


def host_of(source: Source) -> CodeHost | None:
    """Return the code host that a source is fetched from, None when it is not set up."""
    if source.kind != Source.Kind.REMOTE:
        return None
    return next((host for host in CodeHost.objects.all() if path_on(host, source)), None)


def sources_of(host: CodeHost) -> list[Source]:
    """Return the sources that lie on a host, by name."""
    remote = Source.objects.filter(kind=Source.Kind.REMOTE).select_related("host_access")
    return [source for source in remote.order_by("name") if path_on(host, source)]


def path_on(host: CodeHost, source: Source) -> str:
    """Return a repository's path on a host; empty when it does not lie there.

    A name alone tells hosts apart for ssh; for the web the port has to be the same too.
    """
    location = source.location
    if "://" not in location:  # user@host:path
        name, _, path = location.rpartition("@")[2].partition(":")
        return _trimmed(path) if _plain(name) == _name(host) else ""
    there, here = urlsplit(location), urlsplit(host.address)
    if _plain(there.hostname or "") != _name(host):
        return ""
    if there.scheme == "ssh":
        return _trimmed(there.path)
    if _port(location) != _port(host.address):
        return ""
    folder = here.path.strip("/")
    path = there.path.strip("/")
    if folder and not path.startswith(f"{folder}/"):
        return ""
    return _trimmed(_repository(host, path[len(folder) :].lstrip("/")))


def _repository(host: CodeHost, path: str) -> str:
    """Leave out what Bitbucket puts in front of every repository on the web."""
    return path.removeprefix("scm/") if host.kind == CodeHost.Kind.BITBUCKET else path


def path_of_location(location: str) -> str:
    """Return the repository's path on whatever host a location names."""
    if "://" not in location:
        return _trimmed(location.rpartition("@")[2].partition(":")[2])
    return _trimmed(urlsplit(location).path)


def _trimmed(path: str) -> str:
    return unquote(path).strip("/").removesuffix(".git").strip("/")


def _name(host: CodeHost) -> str:
    return _plain(urlsplit(host.address).hostname or "")


def _plain(name: str) -> str:
    return SAME.get(name.lower(), name.lower())


def _port(address: str) -> int | None:
    parts = urlsplit(address)
    return parts.port or PORTS.get(parts.scheme)
