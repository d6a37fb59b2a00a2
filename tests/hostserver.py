"""Small real HTTP servers that page, refuse and misbehave as GitLab, GitHub, Gitea and Bitbucket do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from tests.httpservers import running_http

TOKEN = "tkn-of-a-host"
Behaviour = Callable[["HostHandler"], bool]


@dataclass(slots=True)
class HostServer:
    """Which repositories there are, by group, and what the server saw."""

    kind: str
    groups: dict[str, list[str]]
    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    largest_page: int = 100
    archived: set[str] = field(default_factory=set)
    forks: set[str] = field(default_factory=set)
    empty: set[str] = field(default_factory=set)
    behaviour: Behaviour | None = None  # answers a request itself and returns True, or leaves it
    requests: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def clone_url(self, path: str) -> str:
        return f"{self.address}/{path}.git"

    def entry(self, path: str) -> dict[str, object]:
        if self.kind == "gitlab":
            fork = {"forked_from_project": {"id": 1}} if path in self.forks else {}
            return {
                "id": 1,
                "path_with_namespace": path,
                "http_url_to_repo": self.clone_url(path),
                "archived": path in self.archived,
                "empty_repo": path in self.empty,
                **fork,
            }
        if self.kind == "bitbucket":
            key, _, slug = path.partition("/")
            links = [("ssh", f"ssh://git@{self.host}/{path}.git"), ("http", self.clone_url(path))]
            return {
                "id": 1,
                "slug": slug,
                "project": {"key": key, "id": 2},
                "archived": path in self.archived,
                "links": {"clone": [{"name": name, "href": href} for name, href in links]},
                **({"origin": {"id": 3}} if path in self.forks else {}),
            }
        return {
            "full_name": path,
            "clone_url": self.clone_url(path),
            "archived": path in self.archived,
            "fork": path in self.forks,
            "empty": path in self.empty,
        }


class HostHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: HostServer

    def do_GET(self) -> None:
        state = self.server_state
        state.requests.append(self.path)
        state.hosts.append(self.headers.get("Host", ""))
        if state.behaviour is None or not state.behaviour(self):
            self._list()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def send(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _list(self) -> None:
        state = self.server_state
        address = urlsplit(self.path)
        if self._token() != TOKEN:
            self.send(401, b'{"message":"401 Unauthorized"}')
            return
        parts = {
            "gitlab": ("/api/v4/groups/", "/projects"),
            "github": ("/api/v3/orgs/", "/repos"),
            "gitea": ("/api/v1/orgs/", "/repos"),
            "bitbucket": ("/rest/api/1.0/projects/", "/repos"),
        }[state.kind]
        raw = address.path.removeprefix(parts[0]).removesuffix(parts[1])
        # A slash in a group must travel encoded, or the server looks for another address.
        group = unquote(raw) if "/" not in raw else None
        if group not in state.groups:
            self.send(404, b'{"message":"404 Not Found"}')
            return
        self._page(state.groups[group], parse_qs(address.query))

    def _token(self) -> str:
        given = {
            "gitlab": self.headers.get("PRIVATE-TOKEN", ""),
            "github": self.headers.get("Authorization", "").removeprefix("Bearer "),
            "gitea": self.headers.get("Authorization", "").removeprefix("token "),
            "bitbucket": self.headers.get("Authorization", "").removeprefix("Bearer "),
        }
        return given[self.server_state.kind]

    def _page(self, paths: list[str], query: dict[str, list[str]]) -> None:
        state = self.server_state
        if state.kind == "bitbucket":
            entries = [state.entry(path) for path in paths]
            self.send(200, json.dumps(bitbucket_page(entries, query, state.largest_page)).encode())
            return
        asked = int(query.get("limit" if state.kind == "gitea" else "per_page", ["20"])[0])
        size, page = min(asked, state.largest_page), int(query.get("page", ["1"])[0])
        entries = [state.entry(path) for path in paths[(page - 1) * size : page * size]]
        headers = {}
        if state.kind == "gitea":
            headers["X_Total_Count"] = str(len(paths))
        elif page * size < len(paths):
            base = state.address + urlsplit(self.path).path
            kept = "&".join(f"{key}={value[0]}" for key, value in query.items() if key != "page")
            headers["Link"] = (
                f'<{base}?{kept}&page={page + 1}>; rel="next", <{base}?page=99>; rel="last"'
            )
        self.send(200, json.dumps(entries).encode(), **headers)


def bitbucket_page(
    entries: list[dict[str, object]], query: dict[str, list[str]], largest: int
) -> dict[str, object]:
    """Return a page as Bitbucket sends it."""
    start = int(query.get("start", ["0"])[0])
    size = min(int(query.get("limit", ["25"])[0]), largest)
    is_last = start + size >= len(entries)
    return {
        "values": entries[start : start + size],
        "size": len(entries[start : start + size]),
        "limit": size,
        "start": start,
        "isLastPage": is_last,
        "nextPageStart": None if is_last else start + size,
    }


@contextmanager
def serve_host(
    kind: str, groups: dict[str, list[str]], *, certificate: Path | None = None
) -> Iterator[HostServer]:
    """Serve a host's API until the block ends, over TLS if asked."""
    state = HostServer(kind, groups, scheme="https" if certificate else "http")
    handler = type("Handler", (HostHandler,), {"server_state": state})
    with running_http(handler, state.stopped, certificate=certificate) as state.port:
        yield state
