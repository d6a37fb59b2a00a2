"""People, roles, sessions, tokens and emergency access, in a browser: usable and within the policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from appliance.accounts.models import Role, RoleGrant, TokenRight
from appliance.accounts.tokens import create_token
from tests.appliance.accounts.signing import PASSWORD
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]

SCREENSHOTS = Path("test-artifacts")
REASON = "The tide gauges fail tonight, and nobody who may read their code answers."


def confirm(page: Page) -> None:
    """Give the password once more, when it is asked for."""
    if "/accounts/reauthenticate/" in page.url:
        page.fill("[name=password]", PASSWORD)
        page.click("main button.button-primary")


def problems_of(page: Page, watch: Watch, name: str) -> list[str]:
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    extra = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    wide = [f"{extra} px too wide"] if extra > 0 else []
    found = [*watch.foreign, *watch.complaints, *violations_of(page), *wide]
    return [f"{name}: {problem}" for problem in found]


@pytest.mark.parametrize(
    ("theme", "width", "viewport"), [("light", "desktop", DESKTOP), ("dark", "phone", PHONE)]
)
def test_an_admin_looks_after_people(
    theme: str, width: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    elsewhere(lambda: RoleGrant.objects.create(role=Role.CURATOR, user=world.owner))
    elsewhere(
        lambda: create_token(world.owner, name="editor", rights=[TokenRight.READ], by=world.owner)
    )
    owner = open_as(world.owner).new_page()
    owner.goto("/sessions/")
    page = open_as(world.staff, theme=theme, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    problems = []

    def look(name: str) -> None:
        problems.extend(problems_of(page, watch, f"{name}-{theme}-{width}"))

    page.goto("/people/")
    look("people")
    page.click("th a:text-is('owner')")
    look("person")
    page.select_option("select[name=role]", "auditor")
    page.click("text=Give this role")
    confirm(page)
    expect(page.get_by_text("Given: Auditor.")).to_be_visible()
    page.click("main a:text-is('harbour')")
    look("group")
    page.goto("/groups/")
    look("groups")
    page.goto("/tokens/all/")
    look("all-tokens")
    page.goto("/emergency-access/")
    page.fill("[name=reason]", REASON)
    page.click("text=Open everything for")
    confirm(page)
    expect(page.get_by_text("Emergency access is open")).to_be_visible()
    page.goto("/search/?q=gauge")
    look("search-in-emergency")
    expect(page.get_by_text("Emergency access is open")).to_be_visible()
    expect(page.locator("main").get_by_text("tidewatch").first).to_be_visible()
    page.goto("/emergency-access/")
    look("emergency-access")
    page.click("text=End it now")
    expect(page.get_by_text("The emergency access has ended.")).to_be_visible()
    page.goto("/search/?q=gauge")
    assert not page.is_visible("text=Emergency access is open")
    page.goto(f"/people/{world.owner.pk}/disable/")
    look("person-disable")
    page.click("main button.button-danger")
    confirm(page)
    expect(page.get_by_text("owner is locked out.")).to_be_visible()
    owner.goto("/")
    assert "/accounts/login/" in owner.url
    assert problems == []


@pytest.mark.parametrize(
    ("theme", "width", "viewport"), [("dark", "desktop", DESKTOP), ("light", "phone", PHONE)]
)
def test_somebody_makes_a_token_and_sees_where_they_are_signed_in(
    theme: str, width: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    elsewhere_page = open_as(world.owner).new_page()
    elsewhere_page.goto("/sessions/")
    page = open_as(world.owner, theme=theme, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    page.goto("/tokens/")
    page.fill("[name=name]", "the editor on my laptop")
    page.click("text=Make a token >> nth=-1")
    text = page.input_value("#new-token")
    assert text.startswith("plumb_")
    problems = problems_of(page, watch, f"tokens-{theme}-{width}")
    page.goto("/tokens/")
    assert text not in page.content()
    page.click("button:text-is('Revoke')")
    expect(page.get_by_text("it opens nothing any more")).to_be_visible()
    page.goto("/sessions/")
    problems += problems_of(page, watch, f"sessions-{theme}-{width}")
    page.click("text=Sign out everywhere else")
    expect(page.get_by_text("You are signed out in 1 other place.")).to_be_visible()
    elsewhere_page.goto("/")
    assert "/accounts/login/" in elsewhere_page.url
    assert problems == []
