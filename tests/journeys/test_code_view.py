"""Look around in the code as a reader does: folders, tree, names, blame, history, a question."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, OpenAs
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]

SCREENSHOTS = Path("test-artifacts")
CLIENT = "tidewatch/client.py"
MIDDLE_OF_NAME = """() => {
  const line = document.querySelector("#L10 .code-text");
  line.scrollIntoView({ block: "center" });
  const text = [...line.childNodes].find((node) => node.textContent.includes("GaugeSilent"));
  const range = document.createRange();
  const start = text.data.indexOf("GaugeSilent");
  range.setStart(text, start);
  range.setEnd(text, start + 11);
  const box = range.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""


def test_a_reader_looks_around(open_as: OpenAs, world: World, address: str) -> None:
    window = open_as(world.owner, permissions=["clipboard-read", "clipboard-write"])
    page = window.new_page()
    watch = Watch.over(page, address)
    _walk_to_a_file(page, world)
    _point_at_lines(page, world, address)
    _look_names_up(page)
    _use_keys(page, world)
    page.get_by_role("link", name="Ask about these lines").click()
    expect(page.locator(".composer textarea")).to_have_value(f"About {CLIENT}, lines 3 to 4: ")
    assert not watch.foreign
    assert not watch.complaints


def _walk_to_a_file(page: Page, world: World) -> None:
    # From the root through the tree to a file, at the commit that is live.
    page.goto("/files/tidewatch/")
    expect(page.locator(".readme h2").first).to_be_visible()
    tree = page.locator(".browse-tree nav")
    tree.get_by_text("tidewatch", exact=True).click()
    tree.get_by_role("link", name="client.py").click()
    expect(page).to_have_url(re.compile(f"/files/tidewatch/{world.commit}/{CLIENT}$"))
    expect(tree.locator("[aria-current=page]")).to_have_text("client.py")


def _point_at_lines(page: Page, world: World, address: str) -> None:
    # The outline leads to lines; a range of them is copied as an address.
    page.locator(".outline").get_by_role("link", name="read_level").click()
    expect(page).to_have_url(re.compile(r"\?lines=\d+$"))
    page.click("a.code-number[data-number='12']")
    page.click("a.code-number[data-number='14']", modifiers=["Shift"])
    expect(page.locator(".is-marked")).to_have_count(3)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{address}/files/tidewatch/{world.commit}/{CLIENT}?lines=12-14"


def _look_names_up(page: Page) -> None:
    # A name that is clicked, and one that is typed.
    page.mouse.click(*page.evaluate(MIDDLE_OF_NAME))
    card = page.locator(".symbol-card")
    expect(card.get_by_role("link", name=re.compile("errors.py:"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_empty()
    page.locator("#lookup-name").fill("read_level")
    page.keyboard.press("Enter")
    expect(card.get_by_role("link", name=re.compile("client.py:")).first).to_be_visible()
    page.locator("#find-text").fill("retries")
    page.keyboard.press("Enter")
    expect(page.locator("[data-found]")).to_have_text(re.compile(r"^1 of \d+ lines$"))
    page.get_by_role("button", name="Wrap lines").click()
    expect(page.locator(".file")).to_have_class(re.compile("is-wrapped"))


def _use_keys(page: Page, world: World) -> None:
    # They count while nobody types, until they are turned off.
    page.goto(f"/files/tidewatch/main/{CLIENT}?lines=5")
    page.locator("h1").click()
    page.keyboard.press("y")
    expect(page).to_have_url(re.compile(f"/{world.commit}/{CLIENT}\\?lines=5$"))
    page.keyboard.press("b")
    expect(page.locator(".blame a").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/blame/.*lines=5$"))
    page.locator(".blame a").first.click()
    expect(page.locator(".change-line.is-added").first).to_be_visible()
    page.get_by_role("link", name="All commits of this file").click()
    expect(page.locator(".commits li").first).to_be_visible()
    page.goto(f"/files/tidewatch/main/{CLIENT}?lines=3-4")
    page.locator(".keys > summary").click()
    page.get_by_label("These keys are on").uncheck()
    page.locator("h1").click()
    page.keyboard.press("b")
    page.keyboard.press("y")
    expect(page).to_have_url(re.compile(r"/files/tidewatch/main/"))


def _menu(page: Page) -> None:
    page.locator(".refs-menu > summary").click()


def _card(page: Page) -> None:
    if not page.locator("#lookup-name").is_visible():  # a phone: closed until it is asked for
        page.locator("[data-side] > summary").click()
    page.locator("#lookup-name").fill("GaugeSilent")
    page.keyboard.press("Enter")
    expect(page.locator(".symbol-card li").first).to_be_visible()


def test_every_view_is_usable(open_as: OpenAs, world: World, address: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    problems: list[str] = []
    for theme, width, viewport in (("light", "desktop", DESKTOP), ("dark", "phone", PHONE)):
        window = open_as(world.owner, theme=theme, viewport=viewport)
        for name, (path, prepare) in _shots(world).items():
            page = window.new_page()
            found = _problems_of(page, path, prepare, address)
            page.screenshot(path=SCREENSHOTS / f"code-{name}-{theme}-{width}.png")
            page.close()
            problems += [f"{name} {theme} {width}: {problem}" for problem in found]
        window.close()
    assert not problems, "\n".join(problems)


Prepare = Callable[[Page], None] | None


def _shots(world: World) -> dict[str, tuple[str, Prepare]]:
    at = f"tidewatch/{world.commit}"
    return {
        "root": (f"/files/{at}/", None),
        "folder": (f"/files/{at}/tidewatch/", _menu),
        "file": (f"/files/{at}/{CLIENT}?lines=10-14", _card),
        "blame": (f"/blame/{at}/{CLIENT}", None),
        "history": (f"/history/{at}/README.md", None),
        "change": (f"/change/{at}/README.md?commit={world.older_commit}", None),
    }


def _problems_of(page: Page, path: str, prepare: Prepare, address: str) -> list[str]:
    watch = Watch.over(page, address)
    page.goto(path)
    expect(page.locator(".browse-tree nav ul").first).to_be_attached()
    if prepare:
        prepare(page)
    extra = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    wide = [f"{extra} px wider than the window"] if extra > 0 else []
    return [*watch.foreign, *watch.complaints, *violations_of(page), *wide]
