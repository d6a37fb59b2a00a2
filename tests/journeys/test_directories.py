"""Somebody of an LDAP directory signs in, changes groups and leaves; an admin looks after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from appliance.accounts.ldap.syncing import sync_directory
from appliance.accounts.models import Directory
from tests.appliance.accounts.scim.client import Provider, make_provider
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.test_people import confirm
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World
from tests.ldapserver import GROUPS, PASSWORD, LdapServer, running

pytestmark = [pytest.mark.browser, pytest.mark.services]

SCREENSHOTS = Path("test-artifacts")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LdapServer]:
    """Ana is in harbour, who may read the world's source; Ben and Cy are in nothing."""
    with running(tmp_path / "slapd") as made:
        ana = made.add_person("ana")
        made.add_group("harbour", ana)
        for name in ("ben", "cy"):
            made.add_person(name)
        yield made


@pytest.fixture
def directory(world: World, server: LdapServer) -> Directory:
    return server.directory("corp")


@pytest.fixture
def provider(world: World) -> Provider:
    """A second directory, that sends people and groups by SCIM."""
    made = make_provider("okta", groups_as_named=False)
    people = [made.user(name) for name in ("dana", "eli", "fay")]
    made.group("Platform engineering", *people)
    made.group("All staff", *people[:2])
    return made


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.click("main button.button-primary")


def test_somebody_of_a_directory_comes_changes_groups_and_leaves(
    world: World, directory: Directory, server: LdapServer, open_as: OpenAs, address: str
) -> None:
    page = open_as(None).new_page()
    watch = Watch.over(page, address)
    sign_in(page, "ana", "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.url.endswith("/accounts/login/")
    sign_in(page, "ana")
    page.wait_for_url(f"{address}/")
    page.goto("/sources/")
    expect(page.get_by_text(world.source.name).first).to_be_visible()
    ana = f"uid=ana,ou=people,{server_suffix()}"
    server.change(f"cn=harbour,{GROUPS}", "member", f"cn=reader,{server_suffix()}")
    assert elsewhere(lambda: sync_directory(directory)).left == 1
    page.reload()
    expect(page.get_by_text(world.source.name)).to_have_count(0)
    server.delete(ana)
    report = elsewhere(lambda: sync_directory(directory, go_on=True))
    assert report.disabled == 1
    page.reload()
    assert "/accounts/login/" in page.url
    sign_in(page, "ana")
    expect(page.get_by_role("alert")).to_be_visible()
    assert watch.foreign == []
    assert watch.complaints == []


def server_suffix() -> str:
    return GROUPS.partition(",")[2]


def test_an_admin_maps_groups_makes_a_token_and_syncs(
    world: World, directory: Directory, provider: Provider, open_as: OpenAs, address: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    ways: list[tuple[str, ViewportSize]] = [("light", DESKTOP), ("dark", PHONE)]
    for theme, viewport in ways:
        page = open_as(world.staff, theme=theme, viewport=viewport).new_page()
        watch = Watch.over(page, address)
        page.goto("/directory/okta/mapping/")
        page.fill("[name=external]", "Platform engineering")
        page.fill("[name=group]", "engineers")
        page.click("button[name=preview]")
        expect(page.get_by_text("3 people would gain or lose groups")).to_be_visible()
        check(page, f"directory-groups-{theme}")
        page.goto("/directory/okta/provisioning/")
        page.fill("[name=name]", f"Okta, {theme}")
        page.get_by_role("button", name="Make a token").click()
        expect(page.get_by_role("button", name="Continue")).to_be_visible()
        confirm(page)
        expect(page.get_by_text("It is shown this once")).to_be_visible()
        check(page, f"directory-token-{theme}")
        page.goto("/directory/corp/provisioning/")
        page.get_by_role("button", name="Sync now").click()
        expect(page.get_by_text("Synced 0 people")).to_be_visible()
        check(page, f"directory-sync-{theme}")
        page.goto("/directory/corp/")
        page.fill("#test-name", "ana")
        page.get_by_role("button", name="Test this connection").click()
        expect(page.get_by_text("Groups here: harbour")).to_be_visible()
        check(page, f"directory-ldap-{theme}")
        assert watch.foreign == []
        assert watch.complaints == []


def check(page: Page, name: str) -> None:
    """Take a picture, and find nothing to complain of."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    assert violations_of(page) == []
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(too_wide)
