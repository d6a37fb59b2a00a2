"""Somebody signs in with a browser over TLS, asks, and gets an answer that cites lines."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

ANSWER_TIMEOUT_MS = 600_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What stood in the page, and what else it loaded."""

    text: str
    citations: int
    foreign: tuple[str, ...]  # addresses other than the site's that the browser asked for


def tls_version(address: str, name: str, authority: Path) -> str:
    """Return the version of TLS in which the host shows a certificate for its name."""
    context = ssl.create_default_context(cafile=authority)
    with (
        socket.create_connection((address, 443), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        return str(secured.version())


def ask(name: str, address: str, password: str, question: str, picture: Path) -> Answer:
    """Sign in as the first administrator, ask, and wait until the answer was checked."""
    foreign: list[str] = []
    with _signed_in(name, address, password, foreign) as page:
        answer = _answer(page, question)
        page.screenshot(path=picture)
    return Answer(answer[0], answer[1], tuple(foreign))


def past_of(name: str, address: str, password: str, source: str, commit: str, path: str) -> str:
    """Return what the pages of one host say of the past of a file."""
    with _signed_in(name, address, password, []) as page:
        page.goto(f"https://{name}/history/{source}/{commit}/{path}")
        return page.inner_text("main")


@contextmanager
def _signed_in(name: str, address: str, password: str, foreign: list[str]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                f"--host-resolver-rules=MAP {name} {address}",
            ],
        )
        # The certificate is checked by tls_version: this browser has no store for the authority.
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.on("request", lambda sent: _note(sent.url, name, foreign))
        page.goto(f"https://{name}/")
        page.fill("input[name=login]", "admin")
        page.fill("input[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"https://{name}/")  # with its scripts, which send at the key
        yield page
        browser.close()


def _answer(page: Page, question: str) -> tuple[str, int]:
    page.fill(".composer textarea", question)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/threads/"))
    answer = page.locator(".answer").last
    expect(answer.locator(".answer-foot")).to_contain_text("checked", timeout=ANSWER_TIMEOUT_MS)
    return answer.inner_text(), answer.locator(".citation").count()


def _note(url: str, name: str, foreign: list[str]) -> None:
    if not url.startswith((f"https://{name}/", "data:", "blob:")):
        foreign.append(url)
