"""Signing in through real providers in a real browser, and the pages on which they are set up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Page, ViewportSize, expect

from appliance.accounts.directories.secrets import put_secret
from appliance.accounts.models import Directory, User
from tests.appliance.accounts.signing import PASSWORD
from tests.identity.servers import is_person, oidc_idp, saml_idp
from tests.journeys.conftest import WAYS, OpenAs, elsewhere
from tests.journeys.serving import served
from tests.journeys.test_people import confirm
from tests.journeys.watching import Watch, violations_of

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(900)]

SCREENSHOTS = Path("test-artifacts")
COMMON = {
    "user_name_attribute": "preferred_username",
    "first_name_attribute": "given_name",
    "email_attribute": "email",
    "groups_attribute": "groups",
    "groups_as_named": True,
}


@pytest.fixture
def address(transactional_db: None) -> Iterator[str]:
    """Serve the product without any source: signing in needs none."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    with served() as url:
        yield url


def make_directory(kind: str, **kept: Any) -> None:
    def make() -> None:
        directory = Directory(name="Acme account", slug="acme", kind=kind, is_enabled=True)
        directory.settings = COMMON | kept
        put_secret(directory, "a-secret-of-the-tests")
        directory.save()

    elsewhere(make)


def sign_in(open_as: OpenAs, button: str) -> Page:
    """Go through the sign-in page and the provider's in a fresh window."""
    page = open_as(None).new_page()
    page.goto("/search/")
    page.get_by_role("link", name="Acme account").click()
    page.get_by_role("button", name=button).click()
    page.wait_for_load_state()
    return page


def groups_of(name: str) -> list[str]:
    def read() -> list[str]:
        person = User.objects.get(username=name)
        return sorted(person.groups.values_list("name", flat=True))

    return elsewhere(read)


def go_through(open_as: OpenAs, button: str, becomes: Callable[..., None]) -> None:
    """Sign in, again with other groups, and once more after the person was switched off."""
    becomes(groups=["dev", "ops"])
    page = sign_in(open_as, button)
    assert page.url.endswith("/search/")
    expect(page.locator(".account > summary")).to_have_text(re.compile(r"^\s*ana"))
    assert groups_of("ana") == ["dev", "ops"]
    becomes(groups=["ops", "leads"])
    sign_in(open_as, button)
    assert groups_of("ana") == ["leads", "ops"]
    elsewhere(lambda: User.objects.filter(username="ana").update(is_active=False))
    page = sign_in(open_as, button)
    expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
    assert not violations_of(page)
    page.goto("/search/")
    assert "/accounts/login/" in page.url


def test_openid_connect_from_sign_in_to_removal(open_as: OpenAs, address: str) -> None:
    with oidc_idp(f"{address}/accounts/oidc/acme/callback/") as idp:
        make_directory("oidc", issuer=idp, client_id="plumbline")

        def becomes(**claims: Any) -> None:
            is_person(idp, "subject-1", preferred_username="ana", **claims)

        go_through(open_as, "Sign in as subject-1", becomes)


def test_saml_from_sign_in_to_removal(open_as: OpenAs, address: str, tmp_path: Path) -> None:
    with saml_idp(tmp_path) as idp:
        make_directory("saml", metadata=idp.metadata())
        ours = httpx.get(f"{address}/accounts/saml/acme/metadata/")
        idp.knows(ours.raise_for_status().text)

        def becomes(**attributes: Any) -> None:
            idp.is_person("id-1", preferred_username="ana", **attributes)

        go_through(open_as, "Continue", becomes)


PAGES = {
    "sign-in-doors": "/accounts/login/",
    "directories": "/directories/",
    "directory-rules": "/directories/rules/",
    "directory-new": "/directories/new/oidc/",
    "directory-new-saml": "/directories/new/saml/",
    "directory": "/directory/acme/",
    "directory-remove": "/directory/acme/remove/",
    "sign-in-security": "/accounts/2fa/",
    "reauthenticate": "/accounts/reauthenticate/",
    "passkeys": "/accounts/2fa/passkeys/",
}


@pytest.mark.parametrize(("theme", "width", "viewport"), WAYS)
def test_pages_are_usable_and_load_nothing_from_elsewhere(
    theme: str, width: str, viewport: ViewportSize, open_as: OpenAs, address: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    make_directory("oidc", issuer="https://idp.acme.test", client_id="plumbline")
    staff = elsewhere(lambda: User.objects.create_user("staff", password=PASSWORD, is_staff=True))
    windows = {
        is_signed_in: open_as(staff if is_signed_in else None, theme=theme, viewport=viewport)
        for is_signed_in in (True, False)
    }
    problems: list[str] = []
    for name, path in PAGES.items():
        page = windows[name != "sign-in-doors"].new_page()
        watch = Watch.over(page, address)
        page.goto(path)
        if name.startswith("directory-new"):
            confirm(page)
            expect(page.get_by_role("button", name="Store")).to_be_visible()
        if name == "directory":
            page.get_by_role("button", name="Test this connection").click()
            page.get_by_text("This will not work yet").wait_for()
            page.get_by_role("button", name="Show").click()
            page.get_by_text("A new person").wait_for()
        page.screenshot(path=SCREENSHOTS / f"{name}-{theme}-{width}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found = [*watch.foreign, *watch.complaints, *violations_of(page)]
        found += [f"{wide} px wider than the window"] if wide > 0 else []
        problems += [f"{name}: {problem}" for problem in found]
        page.close()
    assert not problems, "\n".join(problems)


def test_a_passkey_signs_in_without_a_password(open_as: OpenAs, address: str) -> None:
    """With the browser's virtual authenticator, from setting it up to signing in by it alone."""
    elsewhere(lambda: User.objects.create_user("ana", password="correct horse battery"))
    home = address.replace("127.0.0.1", "localhost")  # an address is no name for a passkey
    page = open_as(None).new_page()
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{home}/accounts/login/")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator(".account > summary").wait_for()
    page.goto(f"{home}/accounts/2fa/passkeys/add/")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Continue").click()
    page.locator("#id_name").fill("Laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert not violations_of(page)
    page.goto(f"{home}/accounts/logout/")
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url(f"{home}/accounts/login/**")

    page.get_by_role("button", name="Sign in with a passkey").click()

    page.locator(".account > summary").wait_for()
    expect(page.locator(".account > summary")).to_have_text(re.compile(r"^\s*ana"))
