"""Small things that people expect of a page: keys, theme, drawers, lines in the address."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from indexer.models import Job
from tests.journeys.conftest import PHONE, OpenAs, elsewhere
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]


def test_pages_answer_to_keys_clicks_and_changes(open_as: OpenAs, world: World) -> None:
    window = open_as(world.owner)
    page = window.new_page()

    # The slash key goes to the field of the page that searches; elsewhere it opens the palette.
    page.goto("/search/")
    page.keyboard.press("/")
    expect(page.locator("main [data-search-field]")).to_be_focused()
    page.keyboard.type("read_settings")
    page.keyboard.press("Enter")
    expect(page.locator(".result mark").first).to_be_visible()

    # A line number marks its line and goes into the address; with shift a range.
    page.goto(f"/files/tidewatch/{world.commit}/tidewatch/client.py")
    page.click("a.code-number[data-number='12']")
    expect(page).to_have_url(re.compile(r"\?lines=12$"))
    page.click("a.code-number[data-number='14']", modifiers=["Shift"])
    expect(page).to_have_url(re.compile(r"\?lines=12-14$"))
    expect(page.locator(".is-marked")).to_have_count(3)
    page.reload()
    expect(page.locator(".is-marked")).to_have_count(3)

    # The theme changes at once and is remembered by the server.
    page.click(".account > summary")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_timeout(200)
    page.goto("/status/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_threads_are_a_drawer_on_a_phone(open_as: OpenAs, world: World) -> None:
    page = open_as(world.owner, viewport=PHONE).new_page()
    page.goto(f"/threads/{world.thread.pk}/")
    expect(page.locator("#threads")).to_be_hidden()
    page.click(".threads-open")
    expect(page.locator("#threads")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#threads")).to_be_hidden()


def test_progress_of_a_sync_moves_without_reloading(open_as: OpenAs, world: World) -> None:
    page = open_as(world.staff).new_page()
    page.goto("/sources/")
    expect(page.locator("#source-list")).to_contain_text("1480 of 3912")
    elsewhere(lambda: Job.objects.filter(progress_total=3912).update(progress_done=3000))
    expect(page.locator("#source-list")).to_contain_text("3000 of 3912")
