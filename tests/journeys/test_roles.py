"""A curator and a source admin at their work: what they find, what they do, what is not there for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from appliance.accounts.models import Role, RoleGrant
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.test_people import problems_of
from tests.journeys.watching import Watch
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
WAYS = pytest.mark.parametrize(
    ("theme", "viewport"),
    [pytest.param("light", DESKTOP, id="desktop"), pytest.param("dark", PHONE, id="phone")],
)


@dataclass
class Walk:
    """A page that somebody walks over, and all that was wrong with it on the way."""

    page: Page
    watch: Watch
    look: Callable[[str], None]
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page, address: str, who: str) -> Walk:
        Path("test-artifacts").mkdir(exist_ok=True)
        watch = Watch.over(page, address)
        problems: list[str] = []
        return cls(
            page,
            watch,
            lambda name: problems.extend(problems_of(page, watch, f"{who}-{name}")),
            problems,
        )

    def is_absent(self, path: str) -> None:
        self.page.goto(path)
        expect(self.page.locator("h1")).to_have_text("Page not found")


@WAYS
def test_a_curator_corrects_an_answer(
    theme: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    elsewhere(lambda: RoleGrant.objects.create(role=Role.CURATOR, user=world.reader))
    page = open_as(world.reader, theme=theme, viewport=viewport).new_page()
    walk = Walk.of(page, address, f"curator-{theme}")
    page.goto("/")
    page.click(".account > summary")
    expect(page.locator(".account-menu").get_by_text("Administration")).to_have_count(0)
    page.locator(".account-menu").get_by_role("link", name="Curation").click()
    walk.look("queue")
    page.goto(f"/curation/{world.case.pk}/")
    expect(page.get_by_role("heading", name="Your decision")).to_be_visible()
    walk.look("case")
    page.get_by_role("link", name="Take these lines").first.click()
    expect(page.get_by_label("Path")).not_to_have_value("")
    walk.look("lines-taken")
    for path in ("/manage/", "/people/", "/audit/", "/sources/tidewatch/settings/"):
        walk.is_absent(path)
    assert walk.problems == []


@WAYS
def test_a_source_admin_looks_after_a_source(
    theme: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    elsewhere(
        lambda: RoleGrant.objects.create(
            role=Role.SOURCE_ADMIN, user=world.outsider, source=world.source
        )
    )
    page = open_as(world.outsider, theme=theme, viewport=viewport).new_page()
    walk = Walk.of(page, address, f"source-admin-{theme}")
    page.goto("/sources/")
    page.locator("main").get_by_role("link", name="tidewatch", exact=True).first.click()
    expect(page.locator("h1")).to_contain_text("tidewatch")
    walk.look("source")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    walk.look("paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    # To look after a source opens nothing of what is in it.
    page.goto(f"/files/tidewatch/{world.commit}/tidewatch/client.py")
    expect(page.locator("h1")).to_have_text("Page not found")
    for path in ("/manage/", "/people/", "/audit/", "/sources/connect/"):
        walk.is_absent(path)
    assert walk.problems == []
