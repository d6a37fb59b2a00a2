"""The mode "pair" in a browser: chosen, followed step by step, asked back."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from inference.testing import Mode, Script
from tests.journeys.conftest import OpenAs
from tests.journeys.watching import Watch
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.usefixtures("worker")]

SLOWLY = Script(
    mode=Mode.SLOW,
    pause_s=0.15,
    plans=(
        json.dumps({"action": "references", "text": "GaugeSilent"}),
        json.dumps({"action": "read", "text": "", "place": "tidewatch/client.py"}),
    ),
)
ASKING = Script(
    plans=(
        json.dumps(
            {
                "action": "ask_back",
                "text": "Which one do you mean?",
                "options": ["GaugeSilent", "GaugeRefused"],
            }
        ),
    )
)
QUESTION = "Which errors does the gauge client raise?"


def ask_in_pair(page: Page) -> None:
    page.goto("/")
    page.click(".modes > summary")
    page.get_by_label("Pair").check()
    expect(page.locator(".modes > summary")).to_have_text("Mode: Pair")
    page.fill("textarea", QUESTION)
    page.click("button:has-text('Ask') >> nth=-1")


@pytest.mark.parametrize("script", [SLOWLY], indirect=True)
def test_steps_are_followed_while_they_are_taken_and_fold_into_a_line(
    open_as: OpenAs, world: World, address: str
) -> None:
    page = open_as(world.owner).new_page()
    watch = Watch.over(page, address)
    ask_in_pair(page)
    expect(page.locator(".step.is-running")).to_be_visible()
    expect(page.locator(".steps")).to_have_attribute("open", "")
    expect(page.get_by_text("Looked for uses of GaugeSilent")).to_be_visible()
    expect(page.locator(".answer-foot")).to_contain_text("Pair", timeout=30_000)
    expect(page.locator(".steps > summary")).to_have_text(re.compile(r"4 steps, \d+\.\d s"))
    assert page.locator(".steps").get_attribute("open") is None
    expect(page.locator(".prose .citation").first).to_be_visible()
    assert not watch.complaints


@pytest.mark.parametrize("script", [ASKING], indirect=True)
def test_an_option_that_is_chosen_is_asked(open_as: OpenAs, world: World, address: str) -> None:
    page = open_as(world.owner).new_page()
    watch = Watch.over(page, address)
    ask_in_pair(page)
    page.get_by_role("button", name="GaugeSilent", exact=True).click()
    expect(page.locator(".question-text").last).to_have_text("GaugeSilent")
    expect(page.locator(".prose .citation").first).to_be_visible()
    expect(page.locator(".question .tag")).to_have_text(["Pair", "Pair"])
    assert not watch.complaints
