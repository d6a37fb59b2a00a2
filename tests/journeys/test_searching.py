"""Search as one types, narrow it, keep it, and be told of new matches: by keyboard, on any screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from appliance.sources.models import Notification, SavedSearch
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.test_pages import SCREENSHOTS
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]


def _look(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"searching-{name}.png", full_page=True)
    assert violations_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _tell(world: World) -> None:
    search = SavedSearch.objects.get(owner=world.owner)
    Notification.objects.create(
        owner=world.owner,
        search=search,
        seen="x",
        count=3,
        places=[[world.source.pk, world.source.name, "tidewatch/client.py", 32, 3]],
    )


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_one_finds_by_typing_narrows_keeps_and_is_told(
    theme: str, viewport: ViewportSize, world: World, open_as: OpenAs, address: str
) -> None:
    with open_as(world.owner, theme=theme, viewport=viewport) as context:
        page = context.new_page()
        watch = Watch.over(page, address)
        page.goto("/search/")
        _look(page, f"empty-{theme}")
        page.keyboard.type("gauge retries")
        hits = page.locator("#found [data-hit]")
        expect(hits.first).to_be_visible()
        expect(page).to_have_url(re.compile(r"/search/\?q=gauge\+retries$"))
        expect(page.locator("#announcer")).to_contain_text("document")
        page.keyboard.press("ArrowDown")
        expect(hits.first).to_be_focused()
        page.keyboard.press("j")
        expect(hits.nth(1)).to_be_focused()
        page.keyboard.press("k")
        page.keyboard.press("/")
        expect(page.locator("#search-field")).to_be_focused()
        facet = page.locator(".facets a", has_text="python").first
        facet.focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"lang=python"))
        expect(page.locator(".chips a")).to_have_count(1)
        expect(facet).to_be_focused()
        page.go_back()
        expect(page).not_to_have_url(re.compile(r"lang=python"))
        expect(page.locator(".chips a")).to_have_count(0)
        expect(page.locator("#search-field")).to_have_value("gauge retries")
        page.go_forward()
        expect(page.locator(".chips a")).to_have_count(1)
        _look(page, f"narrowed-{theme}")

        page.goto("/search/code/")
        page.locator("main [data-search-field]").press_sequentially("path:( x")
        expect(page.locator("#found [role=alert]")).to_contain_text("path:")
        page.fill("#code-field", "/gauge|RETRIES/ kind:code")
        expect(hits.first).to_be_visible()
        page.get_by_text("Export", exact=True).click()
        _look(page, f"code-{theme}")
        page.get_by_text("Save this search").click()
        page.fill("#save-name", "Gauges")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Saved as Gauges")).to_be_visible()
        _look(page, f"saved-{theme}")
        page.get_by_role("link", name="Change Gauges").click()
        expect(page.locator("#id_q")).to_have_value("/gauge|RETRIES/ kind:code")
        _look(page, f"edit-{theme}")

        elsewhere(lambda: _tell(world))
        page.goto("/")
        expect(page.locator(".bell-count")).to_contain_text("1")
        page.locator(".bell").click()
        expect(page.get_by_text("3 new matches")).to_be_visible()
        _look(page, f"notifications-{theme}")
        page.get_by_role("button", name="Mark as read").click()
        expect(page.locator(".bell-count")).to_have_count(0)
        assert watch.foreign == []
        assert watch.complaints == []
