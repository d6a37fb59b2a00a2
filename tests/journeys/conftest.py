"""A served appliance, a browser, and people who are signed in to it.

The browser starts after the rows are made and ends before they are flushed: while its event loop
runs in a thread, Django refuses to touch the database from that thread.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.db import connections
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect, sync_playwright

from appliance.accounts.models import User
from appliance.config.celery import app as celery_app
from indexer import clients
from inference.fake_server import FakeServer, serving
from inference.testing import Script
from tests.brokers import sending_to
from tests.journeys.serving import served
from tests.journeys.world import World, make_world
from tests.services import valkey_url

T = TypeVar("T")
OpenAs = Callable[..., BrowserContext]
expect.set_options(timeout=20_000)  # pages of a busy machine

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
# What every page is seen in: each theme and each width at every run, all four at night.
WAYS = [
    pytest.param("light", "desktop", DESKTOP, id="light-desktop"),
    pytest.param("dark", "phone", PHONE, id="dark-phone"),
    pytest.param("dark", "desktop", DESKTOP, id="dark-desktop", marks=pytest.mark.slow),
    pytest.param("light", "phone", PHONE, id="light-phone", marks=pytest.mark.slow),
]


@pytest.fixture(scope="session")
def valkey() -> str:
    return valkey_url()


@pytest.fixture
def broker(valkey: str) -> Iterator[str]:
    """Send the product's tasks through Valkey."""
    with sending_to(celery_app, valkey):
        yield valkey


@pytest.fixture
def script(request: pytest.FixtureRequest) -> Script:
    """Say how the fake model behaves; parametrize indirectly for another way."""
    chosen = getattr(request, "param", None)
    return chosen if isinstance(chosen, Script) else Script()


@pytest.fixture
def model(script: Script) -> Iterator[FakeServer]:
    with serving(script) as server:
        yield server


@pytest.fixture
def world(
    tmp_path: Path, transactional_db: None, model: FakeServer, broker: str
) -> Iterator[World]:
    with override_settings(
        GIT_ALLOWED_FOLDERS=[tmp_path],
        EMBEDDING="server",
        EMBEDDING_URL=model.url,
        EMBEDDING_MODEL="fake",
        CHAT_URL=model.url,
    ):
        clients.close()
        yield make_world(tmp_path)
        clients.close()


@pytest.fixture
def worker(world: World) -> Iterator[None]:
    """Run a real worker on the queue of answers."""
    with start_worker(
        celery_app, pool="solo", queues=["ask"], perform_ping_check=False, loglevel="WARNING"
    ):
        yield


@pytest.fixture
def address(world: World) -> Iterator[str]:
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns without it
    with served() as url:
        yield url


@pytest.fixture
def browser(address: str) -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium: install it or name it in CHROMIUM")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_as(browser: Browser, address: str) -> OpenAs:
    """Return a factory of browser windows in which a person (or nobody) is signed in."""

    def open_window(
        user: User | None, *, theme: str = "light", viewport: ViewportSize = DESKTOP, **more: Any
    ) -> BrowserContext:
        context = browser.new_context(base_url=address, viewport=viewport, **more)
        context.set_default_timeout(30_000)
        context.add_cookies([{"name": "theme", "value": theme, "url": address}])
        if user is not None:
            session = elsewhere(lambda: _session_of(user))
            context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        return context

    return open_window


def _session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def elsewhere(function: Callable[[], T]) -> T:
    """Run a function that needs the database in a thread of its own, and return its result."""

    def run() -> T:
        try:
            return function()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
