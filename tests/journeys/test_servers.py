"""The model servers on an admin's status page, in a browser."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import override_settings
from playwright.sync_api import ViewportSize, expect

from indexer import clients
from inference.fake_server import FakeServer
from tests.gateways import METRICS_TOKEN, TOKEN, gateway_for
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World
from tests.modelserver import free_port

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]

ABOUT = {"name": "chat-34b-gptq", "manifest_sha256": "5b1e" * 16}


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_an_admin_sees_how_each_model_server_does(
    theme: str,
    viewport: ViewportSize,
    open_as: OpenAs,
    world: World,
    address: str,
    model: FakeServer,
) -> None:
    model.model.script = replace(model.model.script, running=7, waiting=1, cache_use=0.63)
    with (
        gateway_for(model.url, about=ABOUT) as gateway,
        override_settings(
            CHAT_URL=f"{gateway},http://127.0.0.1:{free_port()}",
            MODEL_API_KEY=TOKEN,
            MODEL_METRICS_TOKEN=METRICS_TOKEN,
        ),
    ):
        clients.close()
        page = open_as(world.staff, theme=theme, viewport=viewport).new_page()
        watch = Watch.over(page, address)
        page.goto("/status/")
        servers = page.locator("section[aria-labelledby=servers-title]")
        expect(servers).to_contain_text("7 being written, 1 waiting")
        expect(servers).to_contain_text("chat-34b-gptq, verified")
        expect(servers).to_contain_text("Down")
        assert violations_of(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if folder := os.environ.get("PLUMBLINE_SCREENSHOTS"):
            servers.scroll_into_view_if_needed()
            page.screenshot(path=str(Path(folder) / f"servers-{theme}.png"), full_page=True)
        assert not watch.complaints
    clients.close()
