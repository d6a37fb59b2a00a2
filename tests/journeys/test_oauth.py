"""A program that asks by OAuth: the page on which its person decides, and where the browser goes then."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import ViewportSize, expect

from tests.journeys.conftest import DESKTOP, PHONE, OpenAs
from tests.journeys.test_people import problems_of
from tests.journeys.watching import Watch
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # of RFC 7636, appendix B


class Waiting(ThreadingHTTPServer):
    """A program that waits on a port of its own for its person to come back."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.seen: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/callback"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Waiting)
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Back in Quill</h1>")

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def program() -> Iterator[Waiting]:
    server = Waiting()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize(
    ("theme", "width", "viewport"), [("light", "phone", PHONE), ("dark", "desktop", DESKTOP)]
)
def test_a_person_decides_about_a_program(
    theme: str,
    width: str,
    viewport: ViewportSize,
    open_as: OpenAs,
    world: World,
    address: str,
    program: Waiting,
) -> None:
    Path("test-artifacts").mkdir(exist_ok=True)
    page = open_as(world.reader, theme=theme, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    problems: list[str] = []

    def look(name: str) -> None:
        problems.extend(problems_of(page, watch, f"{name}-{theme}-{width}"))

    known = httpx.post(
        f"{address}/api/v1/oauth/register",
        json={"client_name": "Quill", "redirect_uris": ["http://127.0.0.1/callback"]},
    ).json()
    asked = {
        "response_type": "code",
        "client_id": known["client_id"],
        "redirect_uri": program.url,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "kept",
    }
    page.goto(f"/oauth/authorize/?{urlencode({**asked, 'client_id': 'nobody'})}")
    expect(page.locator("h1")).to_have_text("This program cannot be let in")
    look("oauth-refused")
    page.goto(f"/oauth/authorize/?{urlencode(asked)}")
    expect(page.locator("h1")).to_have_text("Let Quill in?")
    look("oauth-confirm")
    page.get_by_label("Ask questions").uncheck()
    page.get_by_label("Search and read").uncheck()
    page.click("button[value=allow]")
    expect(page.locator(".errors")).to_contain_text("Choose something that it may do")
    look("oauth-nothing-chosen")
    page.get_by_label("Search and read").check()
    assert problems == []
    page.click("button[value=allow]")
    expect(page.locator("h1")).to_have_text("Back in Quill")
    told = parse_qs(urlsplit(page.url).query)
    assert (told["state"], told["iss"], len(told["code"])) == (["kept"], [address], 1)
    # Nothing but what the person asked for led out of the appliance.
    assert {urlsplit(url).path for url in watch.foreign} <= {"/callback", "/favicon.ico"}
    assert watch.complaints == []
