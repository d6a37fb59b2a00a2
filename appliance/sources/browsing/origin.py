"""Where a file stands on the host that its source is fetched from, at the same commit and lines.

An address for the reader's browser: the appliance itself asks nobody. Which kind of host it is, is
known of those that are set up; of others it is taken from their name, or there is no link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from appliance.sources.access import OpenedDocument
from appliance.sources.hostaccess.places import SAME, host_of, path_of_location, path_on
from appliance.sources.models import CodeHost
from indexer.models import Source
from indexer.spans import Span

Kind = CodeHost.Kind
BY_NAME = {
    "gitlab": Kind.GITLAB, "github": Kind.GITHUB, "gitea": Kind.GITEA, "forgejo": Kind.GITEA,
    "codeberg": Kind.GITEA,
}  # fmt: skip
# Path of a file at a commit, and how lines are written behind it.
SHAPES: Mapping[str, tuple[str, str]] = {
    Kind.GITLAB: ("-/blob/{}/{}", "L{}-{}"),
    Kind.GITHUB: ("blob/{}/{}", "L{}-L{}"),
    Kind.GITEA: ("src/commit/{}/{}", "L{}-L{}"),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """A file on its code host."""

    label: str  # of the kind of host, such as GitLab
    url: str
    lines: str  # how lines are written behind it, for the script of the page


def origin_of(document: OpenedDocument, marked: Span | None) -> Origin | None:
    """Return where a document stands on its host; None where no host is known."""
    source = document.source
    if source.kind != Source.Kind.REMOTE:
        return None
    host = host_of(source)
    kind = host.kind if host else _kind_by_name(source.location)
    repository = path_on(host, source) if host else path_of_location(source.location)
    if kind is None or not repository:
        return None
    base = _web_address(host.address) if host else f"https://{_name_of(source.location)}"
    shape, lines = SHAPES[kind]
    place = shape.format(document.commit, quote(document.path))
    lines = "" if document.format else lines  # of an extracted text they are not the file's
    behind = f"#{lines.format(marked.start_line, marked.end_line)}" if marked and lines else ""
    label = str(Kind(kind).label).partition(" ")[0]
    return Origin(label, f"{base}/{quote(repository)}/{place}{behind}", lines)


def _kind_by_name(location: str) -> str | None:
    parts = _name_of(location).split(".")
    return next(
        (kind for word, kind in BY_NAME.items() if any(word in part for part in parts)), None
    )


def _name_of(location: str) -> str:
    """Return the name of the host, with the port of a web address: another one is another server."""
    if "://" not in location:  # user@host:path
        name = location.rpartition("@")[2].partition(":")[0]
        return SAME.get(name.lower(), name.lower())
    parts = urlsplit(location)
    name = SAME.get((parts.hostname or "").lower(), (parts.hostname or "").lower())
    return f"{name}:{parts.port}" if parts.port and parts.scheme == "https" else name


def _web_address(address: str) -> str:
    return address.replace("://api.github.com", "://github.com")
