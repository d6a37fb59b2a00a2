"""An admin's first day: connects a provider, tries it, maps a group, and sees who came and went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from appliance.accounts.models import User
from tests.identity.servers import is_person, oidc_idp
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.serving import served
from tests.journeys.test_people import confirm
from tests.journeys.watching import Watch, violations_of

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(900)]

SCREENSHOTS = Path("test-artifacts")
PASSWORD = "correct horse battery"
LIMIT_MS = 120_000  # of a busy machine


@pytest.fixture
def address(transactional_db: None) -> Iterator[str]:
    """Serve an appliance on which nothing is set up."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    with served() as url:
        yield url


def new_page(open_as: OpenAs, theme: str = "light") -> Page:
    context = open_as(None, theme=theme)
    context.set_default_timeout(LIMIT_MS)
    return context.new_page()


def look(page: Page, name: str) -> None:
    """Look at a page as it stands: for everybody, on a desk and on a phone."""
    SCREENSHOTS.mkdir(exist_ok=True)
    assert violations_of(page) == []
    for width, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
        page.set_viewport_size(viewport)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        page.screenshot(path=SCREENSHOTS / f"first-day-{name}-{width}.png", full_page=True)


def signed_in_admin(open_as: OpenAs, theme: str) -> Page:
    page = new_page(open_as, theme)
    page.goto("/directories/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Directories")).to_be_visible(timeout=LIMIT_MS)
    return page


def connect(page: Page, issuer: str) -> None:
    look(page, "no-directory")
    page.get_by_role("link", name="OpenID Connect").click()
    expect(page.get_by_role("button", name="Continue")).to_be_visible(timeout=LIMIT_MS)
    confirm(page)
    page.get_by_label("Name", exact=True).fill("Acme account")
    page.get_by_label("Issuer").fill(issuer)
    page.get_by_label("Client ID").fill("plumbline")
    page.get_by_label("Client secret").fill("a-secret-of-the-tests")
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_role("heading", name="Acme account")).to_be_visible(timeout=LIMIT_MS)
    page.get_by_role("button", name="Test this connection").click()
    expect(page.locator("#test-result")).to_contain_text("keys", timeout=LIMIT_MS)
    look(page, "tested")
    expect(page.get_by_text("says nothing about groups yet")).to_be_visible(timeout=LIMIT_MS)
    page.get_by_label("Attribute that holds the groups").fill("groups")
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_text("is changed, from the next sign-in on")).to_be_visible(timeout=LIMIT_MS)
    expect(page.get_by_text("says nothing about groups yet")).to_be_hidden(timeout=LIMIT_MS)


def enable(page: Page) -> None:
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("Enabled", exact=True)).to_be_visible(timeout=LIMIT_MS)


def ana_signs_in(open_as: OpenAs) -> Page:
    page = new_page(open_as)
    page.goto("/search/")
    page.get_by_role("link", name="Acme account").click()
    page.get_by_role("button", name="Sign in as subject-1").click()
    expect(page.locator(".account > summary")).to_contain_text("ana", timeout=LIMIT_MS)
    return page


def map_a_group(page: Page) -> None:
    page.get_by_role("link", name="Map groups").click()
    page.get_by_label("Group there").fill("dev")
    page.get_by_label("Group here").fill("developers")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("1 person would gain or lose groups")).to_be_visible(timeout=LIMIT_MS)
    look(page, "mapping")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The mapping is saved")).to_be_visible(timeout=LIMIT_MS)


def test_from_an_empty_appliance_to_somebody_who_was_signed_out(
    open_as: OpenAs, address: str
) -> None:
    elsewhere(lambda: User.objects.create_user("admin", password=PASSWORD, is_staff=True))
    elsewhere(lambda: Group.objects.create(name="developers"))
    with oidc_idp(f"{address}/accounts/oidc/acme-account/callback/") as issuer:
        is_person(issuer, "subject-1", preferred_username="ana", groups=["dev"])
        admin = signed_in_admin(open_as, "light")
        watch = Watch.over(admin, address)
        connect(admin, issuer)
        enable(admin)
        ana_signs_in(open_as)
        admin.reload()
        look(admin, "enabled")
        map_a_group(admin)
        ana = ana_signs_in(open_as)
        for name, path in (
            ("people", "/people/"),
            ("groups", "/groups/"),
            ("access", "/access/"),
            ("audit", "/audit/"),
            ("rules", "/directories/rules/"),
            ("provisioning", "/directory/acme-account/provisioning/"),
        ):
            admin.goto(path)
            look(admin, name)
        admin.goto("/people/")
        admin.get_by_role("link", name="ana", exact=True).click()
        look(admin, "person")
        expect(admin.get_by_text("developers")).to_be_visible(timeout=LIMIT_MS)
        ana.goto("/sessions/")
        look(ana, "sessions")
        admin.get_by_role("button", name="Sign out everywhere").click()
        expect(admin.get_by_text("Nowhere")).to_be_visible(timeout=LIMIT_MS)
        ana.goto("/search/")
        assert "/accounts/login/" in ana.url
        assert not watch.foreign
