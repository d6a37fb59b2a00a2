"""Named sets in a browser: made, picked in both searches and in a question; and several terms at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from appliance.sources.models import SourceSet
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.test_people import problems_of
from tests.journeys.watching import Watch
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("theme", "width", "viewport"), [("light", "desktop", DESKTOP), ("dark", "phone", PHONE)]
)
def test_a_reader_makes_a_set_and_searches_in_it(
    theme: str,
    width: str,
    viewport: ViewportSize,
    open_as: OpenAs,
    world: World,
    address: str,
) -> None:
    Path("test-artifacts").mkdir(exist_ok=True)
    elsewhere(lambda: SourceSet.objects.all().delete())
    page = open_as(world.owner, theme=theme, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    problems: list[str] = []

    def look(name: str) -> None:
        problems.extend(problems_of(page, watch, f"{name}-{theme}-{width}"))

    page.goto("/sets/")
    expect(page.get_by_role("heading", name="No set yet")).to_be_visible()
    page.locator("main").get_by_role("link", name="Make a set").click()
    page.locator("#id_name").fill("gauges")
    page.locator("#id_folders").fill("nowhere")
    page.click("main button.button-primary")
    expect(page.locator(".errors")).to_contain_text("write source:path")
    look("set-refused")
    page.locator("#id_folders").fill("tidewatch:tidewatch")
    page.click("main button.button-primary")
    expect(page.locator(".messages")).to_contain_text("gauges is kept")
    look("sets")
    page.goto("/search/code/?q=gauge+OR+README+case%3Ano")
    page.locator("#search-form select[name=set]").select_option("gauges")
    expect(page.locator(".replay")).to_contain_text('("gauge" OR "README")')
    expect(page.locator("#found .card-head", has_text="client.py").first).to_be_visible()
    expect(page.locator("#found .card-head", has_text="README")).to_have_count(0)
    look("set-code-search")
    page.goto("/?set=gauges")
    expect(page.locator("[name=set]")).to_have_value("gauges")
    look("set-ask")
    page.goto(f"/files/tidewatch/{world.commit}/tidewatch/client.py?lines=3-4")
    link = page.locator("[data-origin]")
    assert problems == []
    assert link.count() == 0 or "#L3-" in str(link.get_attribute("href"))
