"""Letting a program in, and the page of programs: in a browser, as somebody with a terminal beside it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import ViewportSize, expect
from pytest_django import Settings

from tests.journeys.conftest import DESKTOP, PHONE, OpenAs
from tests.journeys.test_people import problems_of
from tests.journeys.watching import Watch
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("theme", "width", "viewport"), [("light", "desktop", DESKTOP), ("dark", "phone", PHONE)]
)
def test_a_person_lets_a_program_in(
    theme: str,
    width: str,
    viewport: ViewportSize,
    open_as: OpenAs,
    world: World,
    address: str,
    settings: Settings,
    tmp_path: Path,
) -> None:
    Path("test-artifacts").mkdir(exist_ok=True)
    settings.PLUMBLINE_HOME = tmp_path
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "plumbline_cli-0.1.0-py3-none-any.whl").write_bytes(b"wheel")
    page = open_as(world.reader, theme=theme, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    problems: list[str] = []

    def look(name: str) -> None:
        problems.extend(problems_of(page, watch, f"{name}-{theme}-{width}"))

    page.goto("/clients/")
    expect(page.locator("h1")).to_have_text("Programs and editors")
    look("programs")
    codes = httpx.post(f"{address}/api/v1/device", json={"client": "plumbline on pier-4"}).json()
    page.goto(codes["verification_uri_complete"].replace("http://testserver", address))
    expect(page.locator("[name=code]")).to_have_value(codes["user_code"])
    look("device-code")
    page.keyboard.press("Tab")
    page.click("main button.button-primary")
    expect(page.locator("h1")).to_have_text("Let plumbline on pier-4 in?")
    look("device-confirm")
    page.click("button[value=allow]")
    expect(page.locator(".messages")).to_contain_text("plumbline on pier-4 is let in")
    told = httpx.post(
        f"{address}/api/v1/device/token", json={"device_code": codes["device_code"]}
    ).json()
    assert told["user"] == "reader"
    page.goto("/device/?code=BBBB-BBBB")
    page.click("main button.button-primary")
    expect(page.locator(".errors")).to_contain_text("No program waits with this code")
    look("device-wrong")
    assert problems == []
