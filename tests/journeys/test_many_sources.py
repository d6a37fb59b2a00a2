"""An admin connects a group's repositories in a browser: one webhook and one choice of readers."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from indexer.models import SharedCredential, Source
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.test_people import problems_of
from tests.journeys.watching import Watch
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
LINES = (
    "https://git.harbour.example/harbour/sluices.git",
    "ssh://git@git.harbour.example/harbour/bridges.git",
)


def _forget() -> None:
    Source.objects.filter(name__in=["sluices", "bridges"]).delete()
    SharedCredential.objects.filter(name="locks-reader").delete()


@pytest.mark.parametrize(
    ("theme", "width", "viewport"), [("light", "desktop", DESKTOP), ("dark", "phone", PHONE)]
)
def test_an_admin_connects_a_group_at_once(
    theme: str, width: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    Path("test-artifacts").mkdir(exist_ok=True)
    elsewhere(_forget)
    page = open_as(world.staff, theme=theme, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    problems: list[str] = []

    def look(name: str) -> None:
        problems.extend(problems_of(page, watch, f"{name}-{theme}-{width}"))

    page.goto("/credentials/")
    page.locator("#id_name").fill("locks-reader")
    page.locator("#id_secret").fill("a-token-of-the-locks")
    page.get_by_role("button", name="Store").click()
    page.get_by_role("link", name="locks-reader").click()
    expect(page.get_by_role("heading", name="One webhook for all of them")).to_be_visible()
    look("credential-hook")
    page.get_by_role("button", name="Make a webhook secret").click()
    expect(page.get_by_role("heading", name="Where to enter them")).to_be_visible()
    expect(page.locator("main")).to_contain_text("The organisation's Settings")
    expect(page.locator(".hook-facts")).to_contain_text("whsec_")
    look("shared-hook")
    page.goto("/sources/connect/list/")
    page.locator("#id_text").fill("\n".join(LINES))
    page.locator("main button.button-primary").click()
    page.get_by_label("May be read by").select_option("harbour")
    look("connect-readers")
    page.get_by_role("button", name="Connect the chosen ones").click()
    expect(page.get_by_role("heading", name="2 connected")).to_be_visible()
    expect(page.locator("main")).to_contain_text("harbour may read them.")
    elsewhere(_forget)
    assert not problems, "\n".join(problems)
