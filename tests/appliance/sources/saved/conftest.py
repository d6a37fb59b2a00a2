"""A source that changes, a search that watches it, and a receiver of webhooks."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.models import SavedSearch
from appliance.sources.narrowing.narrowing import Narrowing
from appliance.sources.saved import keeping
from appliance.sources.saved.keeping import Wish
from appliance.sources.saved.looking import look_around
from indexer.ingestion.inline import sync_now
from indexer.models import Source
from tests.certificates import Authority
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

FILES: dict[str, str | bytes | None] = {
    "shop/cart.py": "def add_item(cart, item):\n    cart.append(item)\n",
    "secret/plan.py": "plan = 1\n",
}
Change = Callable[[Mapping[str, str | bytes | None]], None]


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES, "shop")


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


@pytest.fixture
def change(shop: Source, repository: Repository) -> Change:
    """Commit files and sync them."""

    def make(files: Mapping[str, str | bytes | None]) -> None:
        repository.commit(files)
        sync_now(shop)

    return make


def saved(owner: User, query: str = "add_item", **more: object) -> SavedSearch:
    """Save a code search with an alert, and let it learn what is there."""
    wish: dict[str, object] = {"name": "Adders", "page": "code", "query": query, "by": Narrowing()}
    search = keeping.save(owner, Wish(**{**wish, "is_alert": True, **more}))  # type: ignore[arg-type]
    look_around()
    search.refresh_from_db()
    return search


@dataclass
class Receiver:
    """A server of webhooks, with what it was sent; `status` is what it answers."""

    url: str
    status: int = 204
    location: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver(tmp_path: Path, settings: Settings) -> Iterator[Receiver]:
    """Serve https on this machine, which the settings open for the test."""
    authority = Authority(tmp_path)
    pair = authority.issue("server", ("localhost",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append((headers, body))
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    # Without: pin_address's first connection, which says nothing, would hold up the next.
    server.timeout = 1
    Handler.timeout = 1
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    receiver.url = f"https://localhost:{server.server_port}/hooks/abc"
    settings.WEBHOOK_HOSTS = ["localhost"]
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_CA_FILE = authority.file
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join(10)
