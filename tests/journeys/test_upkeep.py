"""An admin looks for ways out, takes the proof along, and makes a support bundle."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from appliance.web.egress.looking import look
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.test_pages import SCREENSHOTS
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [
    pytest.mark.services,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]


@pytest.fixture(autouse=True)
def _sealed(address: str, settings: Settings) -> None:
    """After the start of the server, which would look by itself."""
    settings.EGRESS = "enforce"
    settings.EGRESS_TARGETS = ["tcp://127.0.0.1:9", "dns://127.0.0.1:9", "name://nothing.invalid"]


def _seen(page: Page, name: str) -> None:
    assert violations_of(page) == []
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"upkeep-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_an_admin_proves_the_air_gap_and_asks_for_help(
    world: World, open_as: OpenAs, address: str, tmp_path: Path
) -> None:
    with open_as(world.staff) as context:
        page = context.new_page()
        watch = Watch.over(page, address)
        page.goto("/manage/")
        page.locator(".manage-side").get_by_role("link", name="Air gap").click()
        expect(page.get_by_text("No service has looked yet.")).to_be_visible()
        page.click("text=Look now")
        expect(page.get_by_text("Nothing got out of any service.")).to_be_visible()
        page.click("text=3 attempts")
        _seen(page, "egress")
        with page.expect_download() as download:
            page.click("text=Download the proof")
        assert json.loads(download.value.path().read_text())["runs"][0]["verdict"] == "sealed"
        page.locator(".manage-side").get_by_role("link", name="Support").click()
        expect(page.get_by_role("heading", name="Not in it")).to_be_visible()
        _seen(page, "support")
        with page.expect_download() as download:
            page.click("text=Make and download a bundle")
        with zipfile.ZipFile(download.value.path()) as bundle:
            assert "tidewatch" not in "".join(
                bundle.read(one).decode() for one in bundle.namelist()
            )
        assert (watch.foreign, watch.complaints) == ([], [])


def test_the_pages_fit_a_phone_in_the_dark(
    world: World, open_as: OpenAs, settings: Settings
) -> None:
    settings.EGRESS_TARGETS = [*settings.EGRESS_TARGETS, "name://1.1.1.1"]
    elsewhere(lambda: look("worker"))
    for theme, viewport in (("dark", PHONE), ("light", DESKTOP)):
        with open_as(world.staff, theme=theme, viewport=viewport) as context:
            page = context.new_page()
            page.goto("/manage/egress/")
            expect(page.get_by_text("Not every service is known to be sealed.")).to_be_visible()
            _seen(page, f"egress-{theme}")
            page.goto("/manage/support/")
            _seen(page, f"support-{theme}")
