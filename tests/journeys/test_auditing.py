"""An auditor looks into the record: who was shown which lines, whether it is whole, what is held."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from appliance.accounts.models import Role, RoleGrant
from appliance.audit.models import Event
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.test_pages import SCREENSHOTS
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services]


def _look(page: Page, name: str) -> None:
    assert violations_of(page) == []
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"audit-{name}.png", full_page=True)


def test_an_auditor_asks_who_was_shown_some_lines(
    world: World, open_as: OpenAs, address: str
) -> None:
    def make_auditor() -> None:
        RoleGrant.objects.create(role=Role.AUDITOR, user=world.outsider)

    elsewhere(make_auditor)
    with open_as(world.owner) as context:
        page = context.new_page()
        page.goto(f"/threads/{world.thread.pk}/")
        page.goto(f"/files/tidewatch/{world.older_commit}/tidewatch/client.py")
    with open_as(world.outsider) as context:
        page = context.new_page()
        watch = Watch.over(page, address)
        page.goto("/")
        page.click(".account > summary")
        page.click("text=Audit")
        page.click("text=Verify now")
        expect(page.get_by_text("records are whole")).to_be_visible()
        _look(page, "records")
        page.click("text=Who was shown these lines?")
        page.fill("[name=source]", "tidewatch")
        page.fill("[name=path]", "tidewatch/client.py")
        page.fill("[name=first]", "32")
        page.fill("[name=last]", "43")
        page.fill("[name=since]", "2026-03-01")
        page.click("main button.button-primary")
        expect(page.locator("tbody th").first).to_have_text("owner")
        expect(page.get_by_text("Evidence shown").first).to_be_visible()
        _look(page, "lines")
        page.click("text=Evidence shown >> nth=0")
        expect(page.get_by_text("As it was written")).to_be_visible()
        _look(page, "record")
        page.click("text=Record before")
        expect(page.get_by_role("link", name="Record after")).to_be_visible()
        page.goto("/audit/holds/")
        page.fill("[name=name]", "owner")
        page.fill("[name=reason]", "Case 12")
        page.click("main button.button-primary")
        expect(page.get_by_text("about person owner and all to come stay")).to_be_visible()
        _look(page, "holds")
        assert (watch.foreign, watch.complaints) == ([], [])
    assert elsewhere(lambda: Event.objects.filter(action="audit.held").count()) == 1


@pytest.mark.parametrize("path", ["/audit/", "/audit/people/?person=owner", "/audit/records/1/"])
def test_its_pages_fit_a_phone_in_the_dark(path: str, world: World, open_as: OpenAs) -> None:
    with open_as(world.owner) as context:
        context.new_page().goto(f"/threads/{world.thread.pk}/")
    for theme, viewport in (("dark", PHONE), ("light", DESKTOP)):
        with open_as(world.staff, theme=theme, viewport=viewport) as context:
            page = context.new_page()
            page.goto(path)
            _look(page, f"{path.strip('/').replace('/', '-').partition('?')[0]}-{theme}")
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0
