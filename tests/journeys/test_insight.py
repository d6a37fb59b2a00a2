"""An admin looks at how the appliance is used: plots and tables on any screen, of nobody by name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from appliance.audit.actions import Action
from appliance.audit.recording import record
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.test_pages import SCREENSHOTS
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services]


def _use(world: World) -> None:
    for count, person in enumerate((world.owner, world.reader, world.outsider, world.staff), 1):
        for _ in range(count):
            record(Action.SEARCHED, actor=person)
            record(Action.CODE_SEARCHED, actor=person)


def test_an_admin_sees_counts_and_takes_them_away(
    world: World, open_as: OpenAs, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(lambda: _use(world))
    # Of Django's own: a day is told when it is over, and the record takes no earlier moment.
    real, later = timezone.localdate, timedelta(days=1)
    monkeypatch.setattr(timezone, "localdate", lambda at=None: real(at or timezone.now() + later))
    SCREENSHOTS.mkdir(exist_ok=True)
    for theme, viewport in (("light", DESKTOP), ("dark", PHONE)):
        with open_as(world.staff, theme=theme, viewport=viewport) as context:
            page = context.new_page()
            watch = Watch.over(page, address)
            page.goto("/manage/")
            if viewport == PHONE:
                page.locator(".manage-menu > summary").click()
            page.get_by_role("link", name="Insight").click()
            expect(page.locator("h1")).to_have_text("Insight")
            expect(page.get_by_role("img", name="Searches by day")).to_be_visible()
            page.screenshot(path=SCREENSHOTS / f"insight-{theme}.png", full_page=True)
            assert violations_of(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.get_by_role("link", name="90 days").click()
            expect(page.get_by_role("img", name="Searches by week")).to_be_visible()
            with page.expect_download() as download:
                page.get_by_role("link", name="Download CSV of use").click()
            assert download.value.suggested_filename.startswith("usage-")
            assert (watch.foreign, watch.complaints) == ([], [])
