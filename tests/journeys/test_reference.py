"""The reference of the API in a browser: readable at any width, and nothing loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.journeys.conftest import DESKTOP, PHONE, OpenAs
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]

SCREENSHOTS = Path("test-artifacts")


@pytest.mark.parametrize(
    ("theme", "width", "viewport"), [("light", "desktop", DESKTOP), ("dark", "phone", PHONE)]
)
def test_somebody_looks_an_address_up(
    theme: str, width: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page = open_as(world.owner, theme=theme, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    page.goto("/tokens/")
    page.locator(".account summary").click()
    page.get_by_role("link", name="API reference").click()
    expect(page.get_by_role("heading", level=1, name="API reference")).to_be_visible()
    page.get_by_role("navigation", name="Addresses").get_by_role("link", name="Follow up").click()
    expect(page.get_by_role("heading", level=2, name="Follow up")).to_be_in_viewport()
    page.screenshot(path=SCREENSHOTS / f"reference-{theme}-{width}.png")
    page.goto("/reference/")
    page.screenshot(path=SCREENSHOTS / f"reference-top-{theme}-{width}.png")
    extra = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert extra <= 0
    assert [*watch.foreign, *watch.complaints, *violations_of(page)] == []
