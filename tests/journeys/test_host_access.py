"""An admin sets a code host up, looks at what would come of its permissions, and takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django import Settings

from appliance.sources.credentials import add
from indexer.fetching.values import Credential
from indexer.models import Source
from tests.hostmembers import Account, MembersHost, Project, serve_members
from tests.hostserver import TOKEN
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs
from tests.journeys.test_people import confirm
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services]

SCREENSHOTS = Path("test-artifacts")


@pytest.fixture
def host(world: World, settings: Settings) -> Iterator[MembersHost]:
    """The outsider may read there, and somebody whom nobody here knows."""
    settings.GIT_ALLOW_HTTP = True
    settings.GIT_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with serve_members("gitlab") as served:
        outsider = Account(1, world.outsider.username)
        served.projects["harbour/tide"] = Project(7, [outsider, Account(2, "j.doe")])
        add("gitlab-asker", Credential("git", TOKEN))
        Source.objects.create(
            name="tide",
            kind=Source.Kind.REMOTE,
            location=f"{served.server.address}/harbour/tide.git",
        )
        yield served


def test_an_admin_takes_the_permissions_of_a_host(
    world: World, host: MembersHost, open_as: OpenAs, address: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page = open_as(world.staff, theme="light", viewport=DESKTOP).new_page()
    watch = Watch.over(page, address)
    page.goto("/hosts/")
    check(page, "hosts-light")
    page.fill("[name=address]", host.server.address)
    page.select_option("[name=credential]", label="gitlab-asker")
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("heading", name="Sources on this host")).to_be_visible()
    of_host = page.url
    page.get_by_role("link", name="tide").click()
    page.get_by_role("button", name="What would change?").click()
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    check(page, "host-access-plan-light")
    page.get_by_role("button", name="Take the permissions of").click()
    expect(page.get_by_text("People who read by the host's word: 1.")).to_be_visible()
    host.projects["harbour/tide"].members = []
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("button", name="Let it go on")).to_be_visible()
    ways: list[tuple[str, ViewportSize]] = [("light", DESKTOP), ("dark", PHONE)]
    for theme, viewport in ways:
        again = open_as(world.staff, theme=theme, viewport=viewport).new_page()
        for name, path in (
            ("access-held", "/sources/tide/host-access/"),
            ("source-rules", "/sources/tide/"),
            ("host", of_host),
            ("access-off", "/sources/tide/host-access/off/"),
        ):
            again.goto(path)
            check(again, f"host-{name}-{theme}")
    assert watch.foreign == []
    assert watch.complaints == []


def test_an_admin_sets_up_a_directory_that_only_sends(
    world: World, open_as: OpenAs, address: str
) -> None:
    page = open_as(world.staff, theme="dark", viewport=PHONE).new_page()
    watch = Watch.over(page, address)
    page.goto("/directories/new/scim/")
    confirm(page)
    expect(page.get_by_role("button", name="Store")).to_be_visible()
    check(page, "scim-new-dark")
    page.fill("[name=name]", "Okta")
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_text("SCIM address (base URL)")).to_be_visible()
    page.get_by_role("button", name="Test this connection").click()
    expect(page.get_by_text("It has sent nothing yet.")).to_be_visible()
    check(page, "scim-dark")
    page.goto("/directory/okta/provisioning/")
    check(page, "scim-provisioning-dark")
    assert (watch.foreign, watch.complaints) == ([], [])


def check(page: Page, name: str) -> None:
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    assert violations_of(page) == []
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(too_wide), name
