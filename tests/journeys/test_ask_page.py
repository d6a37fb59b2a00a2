"""What people who know such pages expect of asking: a palette, chips, drafts, lines beside citations."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from appliance.conversations.models import Message
from appliance.local.bench_pages import measure
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.threads import go_on
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]

PASTE = """text => {
    const given = new DataTransfer();
    given.setData("text/plain", text);
    const field = document.querySelector(".composer textarea");
    field.focus();
    field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: given, bubbles: true, cancelable: true}));
}"""
DROP = """([name, bytes]) => {
    const given = new DataTransfer();
    given.items.add(new File([new Uint8Array(bytes)], name));
    document.querySelector("form.composer").dispatchEvent(
        new DragEvent("drop", {dataTransfer: given, bubbles: true, cancelable: true}));
}"""


def small_targets(page: Page) -> list[str]:
    """Return what is smaller than a finger wants it: axe's rule of WCAG 2.2, off by default."""
    options: dict[str, Any] = {
        "runOnly": ["target-size"],
        "rules": {"target-size": {"enabled": True}},
    }
    found = Axe().run(page, options=options).response["violations"]
    return [node["html"][:160] for violation in found for node in violation["nodes"]]


def by_keyboard_alone(page: Page) -> None:
    page.goto("/status/")
    field = page.get_by_role("combobox", name=re.compile("Go to a page"))
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("read_lev")
    chosen = page.locator("#palette [role=option][aria-selected=true]")
    expect(page.locator("#palette")).to_contain_text("GaugeClient.read_level")
    expect(chosen).to_have_count(1)
    identity = chosen.get_attribute("id")
    assert identity
    expect(field).to_have_attribute("aria-activedescendant", identity)
    expect(field).to_have_attribute("aria-expanded", "true")
    assert not violations_of(page)
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    # To a file by a part of its path, over other choices.
    page.keyboard.press("Control+k")
    page.keyboard.type("client.py")
    expect(page.get_by_role("option", name="tidewatch/client.py").first).to_be_visible()
    expect(chosen).to_contain_text("tidewatch/client.py")
    page.keyboard.press("ArrowDown")
    expect(chosen).not_to_contain_text("tidewatch/client.py")
    page.keyboard.press("ArrowUp")
    expect(chosen).to_contain_text("tidewatch/client.py")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/files/tidewatch/.*client\.py"))  # loaded: its keys are heard
    # What nothing is called is asked, and stands in the field of the question.
    page.keyboard.press("Control+k")
    page.keyboard.type("why do gauges rest")
    expect(chosen).to_contain_text("Ask: why do gauges rest")
    page.keyboard.press("Enter")
    expect(page.locator(".composer textarea")).to_have_value("why do gauges rest")
    page.wait_for_load_state()
    # What is denied is not offered: secret/ is denied to the harbour.
    page.locator("h1").click()
    page.keyboard.press("Control+k")
    page.keyboard.type("secret")
    expect(chosen).to_contain_text("Ask: secret")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    assert not violations_of(page)
    page.get_by_role("button", name="Close").click()


def what_was_asked_is_no_draft(page: Page, kept: list[str], thread: str, asked: str) -> None:
    """It is none even where the page that asked it could not say so any more."""
    new = next(key for key in kept if thread in key).replace(thread, "new")
    assert new not in kept
    text = asked.split("\n")[0]
    page.evaluate("([key, text]) => localStorage.setItem(key, text)", [new, text])
    page.reload()
    expect(page.locator(".composer textarea")).to_have_value("kept for later")
    assert new not in page.evaluate("Object.keys(localStorage)")


def narrowed_given_files_and_kept(page: Page, width: str) -> None:
    page.goto("/")
    expect(page.locator(".examples button")).to_have_count(3)
    # A folder as a chip, by a picker that offers what may be read.
    page.click(".scope > summary")
    page.get_by_role("combobox", name="Add a source or a folder").press_sequentially("tidew")
    folder = page.get_by_role("option", name="tidewatch/")
    expect(folder.first).to_be_visible()
    assert not violations_of(page)
    folder.first.click()
    page.keyboard.press("Escape")
    chips = page.locator(".chips .chip")
    expect(chips).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?folder=tidewatch%3Atidewatch"))
    # A file by its name.
    question = page.locator(".composer textarea")
    question.click()
    question.press_sequentially("What does @client")
    expect(page.locator("#mention-list [role=option]").first).to_be_visible()
    page.get_by_role("option", name="tidewatch/client.py").first.click()
    expect(question).to_have_value("What does @tidewatch:tidewatch/client.py ")
    question.press_sequentially("do?")
    # A long paste and a file stand beside the question; what is no text is refused.
    page.evaluate(PASTE, "\n".join(f"at line {number}" for number in range(60)))
    expect(chips).to_have_count(2)
    page.evaluate(DROP, ["gauge.log", list(b"silent\nsilent\n")])
    expect(chips).to_have_count(3)
    page.evaluate(DROP, ["gauge.bin", [0, 159, 146, 150]])
    expect(page.locator("#composer-refused")).to_contain_text("gauge.bin is not a text file")
    expect(chips).to_have_count(3)
    assert not violations_of(page)
    assert not small_targets(page)
    # The words are there again after a reload; signing out forgets them.
    page.reload()
    expect(question).to_have_value(re.compile("^What does @tidewatch"))
    expect(chips).to_have_count(1)
    page.evaluate(PASTE, "\n".join(f"at line {number}" for number in range(60)))
    expect(chips).to_have_count(2)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url(re.compile(r"/threads/"))
    expect(page.locator(".attached > summary")).to_contain_text("Pasted text, 60 lines")
    expect(page.locator(".question-sources")).to_contain_text("tidewatch:tidewatch")
    expect(page.locator(".chips .chip")).to_have_count(1)
    thread = UUID(page.url.split("/threads/")[1].split("/")[0])
    asked = elsewhere(lambda: Message.objects.get(thread=thread, role="question"))
    assert asked.folders == ["tidewatch:tidewatch"]
    assert asked.wanted["add"] == [["tidewatch", "tidewatch/client.py"]]
    page.fill(".composer textarea", "kept for later")
    kept = page.evaluate("Object.keys(localStorage)")
    assert [key for key in kept if str(thread) in key], kept
    what_was_asked_is_no_draft(page, kept, str(thread), asked.text)
    page.click(".account > summary")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/"))
    assert page.evaluate("Object.keys(localStorage).length") == 0


def citations_and_lines_show_each_other(page: Page, world: World, width: str) -> None:
    page.goto(f"/threads/{world.thread.pk}/")
    first = page.locator(".answer .citation").first
    page.keyboard.press("n")
    expect(first).to_be_focused()
    expect(page.locator("#peek")).to_contain_text("def read_level")
    expect(page.locator(".evidence:visible .card.is-near")).to_have_attribute("data-handle", "E1")
    expect(page.locator(".evidence:visible .code-line.is-near")).to_have_count(12)
    assert not violations_of(page)
    assert not small_targets(page)
    page.keyboard.press("n")
    expect(page.locator(".answer .citation").nth(1)).to_be_focused()
    page.keyboard.press("p")
    expect(first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#peek")).to_be_hidden()
    if width == "desktop":
        page.locator(".evidence:visible .card").first.hover()
        expect(page.locator(".answer .citation.is-near")).to_have_count(2)
        first.hover()
        expect(page.locator("#peek")).to_be_visible()
    # What may be asked next stands below the last answer, and asks when it is chosen.
    expect(page.locator(".next button")).not_to_have_count(0)
    words = page.locator(".next button").first.inner_text()
    page.locator(".next button").first.click()
    expect(page.locator(".question-text").last).to_have_text(words)
    expect(page.locator(".next:visible")).to_have_count(0)


def older_answers_show_their_lines_too(page: Page, world: World) -> None:
    """Their passages are not in the page: they come when one goes to a citation."""
    elsewhere(lambda: go_on(world.thread, world.answer, 4))
    page.goto(f"/threads/{world.thread.pk}/")
    oldest = page.locator(f"#evidence-{world.answer.pk}")
    expect(oldest).to_have_attribute("data-later", re.compile("/evidence/"))
    page.keyboard.press("n")
    expect(page.locator(".answer .citation").first).to_be_focused()
    expect(page.locator("#peek")).to_contain_text("def read_level")
    expect(oldest.locator(".card.is-near")).to_have_attribute("data-handle", "E1")
    expect(page.locator(".evidence:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    # By the pointer the passages that stand beside the thread stay.
    page.reload()
    page.locator(".answer .citation").first.hover()  # which scrolls, and that hides what is shown
    page.mouse.move(0, 0)
    page.locator(".answer .citation").first.hover()
    expect(page.locator("#peek")).to_contain_text("def read_level")
    expect(oldest).to_be_hidden()


def dense_and_fit_for_paper(page: Page, world: World) -> None:
    page.goto(f"/threads/{world.thread.pk}/")
    page.click(".account > summary")
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Compact").click()
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    assert not small_targets(page)
    page.emulate_media(media="print")
    for gone in (".bar", ".composer", ".threads", ".feedback"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.locator(".evidence .card").first).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0
    page.emulate_media(media="screen")


def pages_are_light(page: Page, world: World) -> None:
    """What the bench of pages finds whatever the machine; its times are no test."""
    found = measure(page, f"/threads/{world.thread.pk}/")
    assert found.shift < 0.1
    assert 60 < found.script_kb < 150
    assert found.from_elsewhere == 0


@pytest.mark.parametrize(("width", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_the_ask_page_has_what_people_expect(
    width: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    page = open_as(world.owner, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    if width == "desktop":
        by_keyboard_alone(page)
        dense_and_fit_for_paper(page, world)
    citations_and_lines_show_each_other(page, world, width)
    narrowed_given_files_and_kept(page, width)
    assert not watch.foreign
    assert not watch.complaints
    if width == "desktop":
        pages_are_light(open_as(world.owner).new_page(), world)
        older_answers_show_their_lines_too(open_as(world.owner).new_page(), world)
