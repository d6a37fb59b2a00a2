"""Ask in a browser: the answer streams in, cites lines, and the lines open."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from appliance.conversations.models import Message
from inference.testing import Mode, Script
from tests.journeys.conftest import OpenAs, elsewhere
from tests.journeys.watching import Watch
from tests.journeys.world import World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.services,
    pytest.mark.usefixtures("worker"),
    pytest.mark.timeout(600),
]

QUESTION = "How often does the gauge client retry read_level?"
SLOW = Script(mode=Mode.SLOW, text="word " * 400, pause_s=0.05)


def ask(page: Page, question: str) -> None:
    page.fill(".composer textarea", question)
    page.keyboard.press("Enter")


def test_answer_streams_in_and_its_citation_opens_the_lines(
    open_as: OpenAs, world: World, address: str
) -> None:
    page = open_as(world.owner).new_page()
    watch = Watch.over(page, address)
    page.goto("/")
    ask(page, QUESTION)
    expect(page).to_have_url(re.compile(r"/threads/"))
    answer = page.locator(".answer").last
    expect(answer.locator(".citation").first).to_be_visible(timeout=30_000)
    expect(answer.locator(".answer-foot")).to_contain_text("checked", timeout=30_000)
    expect(answer.get_by_role("button", name="Stop")).to_be_hidden()
    answer.locator(".citation").first.click()
    card = page.locator(".evidence:visible .card.is-active")
    expect(card).to_have_count(1)
    card.locator(".handle").click()
    expect(page.locator(".code-line.is-marked").first).to_be_visible()
    first, last = map(int, re.findall(r"lines=(\d+)-(\d+)", page.url)[0])
    expect(page.locator(".code-line.is-marked")).to_have_count(last - first + 1)
    assert not watch.foreign
    assert not watch.complaints


def test_follow_up_appears_without_leaving_the_page(
    open_as: OpenAs, world: World, address: str
) -> None:
    page = open_as(world.owner).new_page()
    watch = Watch.over(page, address)
    page.goto(f"/threads/{world.thread.pk}/")
    page.evaluate("window.isSamePage = true")
    ask(page, "And where are the settings read?")
    expect(page.locator(".question")).to_have_count(2)
    expect(page.locator(".answer-foot")).to_have_count(2, timeout=30_000)
    expect(page.locator(".evidence:visible")).to_have_count(1)
    expect(page.locator(".evidence:visible .card").first).to_be_visible()
    assert page.evaluate("window.isSamePage")
    assert not watch.complaints


@pytest.mark.parametrize("script", [SLOW], indirect=True)
def test_stop_ends_the_answer_and_keeps_what_was_written(open_as: OpenAs, world: World) -> None:
    page = open_as(world.owner).new_page()
    page.goto("/")
    ask(page, QUESTION)
    expect(page.locator(".prose.is-writing")).to_contain_text("word", timeout=30_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".answer-body")).to_contain_text("Stopped", timeout=15_000)
    message = elsewhere(lambda: Message.objects.filter(text__startswith="word").get())
    assert message.state == Message.State.STOPPED
    assert 0 < len(message.text) < len(SLOW.text or "")


def test_asking_needs_no_script(open_as: OpenAs, world: World) -> None:
    page = open_as(world.owner, java_script_enabled=False).new_page()
    page.goto("/")
    page.fill(".composer textarea", QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page).to_have_url(re.compile(r"/threads/"))
    for _ in range(40):
        if page.locator(".answer-foot").count():
            break
        page.wait_for_timeout(250)
        page.reload()
    assert page.locator(".citation").count() > 0
    href = page.locator(".citation").first.get_attribute("href") or ""
    page.goto(href)
    assert page.locator(".code-line.is-marked").count() > 0


def test_a_moved_citation_shows_the_lines_that_it_moved_to(open_as: OpenAs, world: World) -> None:
    page = open_as(world.owner).new_page()
    page.goto(f"/threads/{world.checked.pk}/")
    page.locator(".citation.is-moved").first.click()
    card = page.locator(".evidence:visible .card.is-active")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("moved here from lines 32\u201343")
    expect(card).to_contain_text("GaugeRefused")


MADE_UP = "`read_level` reads a gauge [E1]. It calls `frobnicate()` [E1]. " + "word " * 60


@pytest.mark.parametrize(
    "script", [Script(mode=Mode.SLOW, text=MADE_UP, pause_s=0.1)], indirect=True
)
def test_a_sentence_is_marked_while_the_next_is_written_and_its_names_at_the_end(
    open_as: OpenAs, world: World
) -> None:
    page = open_as(world.owner).new_page()
    page.goto("/")
    ask(page, QUESTION)
    answer = page.locator(".answer").last
    expect(answer.locator(".is-writing .mark-unsupported")).to_have_count(1, timeout=30_000)
    expect(answer.locator(".mark-unknown")).to_have_count(1, timeout=30_000)
    expect(answer.locator(".unknown-names")).to_contain_text("frobnicate")
    expect(answer.locator(".answer-foot")).to_contain_text("1 of 2 cited sentences supported")
