"""An admin gives a group an adapter, on any screen and without a script."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from appliance.conversations.adapters.choosing import forget_served
from inference.fake_server import FakeServer
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs
from tests.journeys.test_people import SCREENSHOTS, confirm
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]

STYLE = "shop-style"


def _fill(page: Page) -> None:
    page.get_by_label("Adapter", exact=True).fill(STYLE)
    page.get_by_role("group", name="Groups").get_by_role("checkbox").first.check()
    page.get_by_role("group", name="Learned from").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Set", exact=True).click()


def test_an_admin_says_whose_questions_an_adapter_answers(
    world: World, open_as: OpenAs, address: str, model: FakeServer
) -> None:
    model.model.script = replace(model.model.script, adapters=(STYLE,))
    SCREENSHOTS.mkdir(exist_ok=True)
    for theme, viewport in (("light", DESKTOP), ("dark", PHONE)):
        with open_as(world.staff, theme=theme, viewport=viewport) as context:
            page = context.new_page()
            watch = Watch.over(page, address)
            page.goto("/manage/adapters/")
            expect(page.get_by_text("Who is answered by which")).to_be_visible()
            page.screenshot(path=SCREENSHOTS / f"adapters-{theme}.png", full_page=True)
            assert violations_of(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert (watch.foreign, watch.complaints) == ([], [])
    with open_as(world.staff, viewport=DESKTOP) as context:
        page = context.new_page()
        page.goto("/manage/adapters/")
        _fill(page)
        expect(page.get_by_role("button", name="Continue")).to_be_visible()
        confirm(page)
        page.goto("/manage/adapters/")
        _fill(page)
        row = page.get_by_role("row").filter(has_text=STYLE)
        expect(row).to_contain_text("Served")
        page.screenshot(path=SCREENSHOTS / "adapters-set.png", full_page=True)
        assert violations_of(page) == []
        page.get_by_role("button", name=f"Let {STYLE} answer nobody any more").click()
        expect(page.get_by_text("Everybody is answered by the model alone.")).to_be_visible()
    forget_served()
