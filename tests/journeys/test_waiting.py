"""Wait in a browser: the place in the line moves, and who has asked too much is told when to go on."""

from __future__ import annotations

import re

import pytest
from django.test import override_settings
from playwright.sync_api import ViewportSize, expect

from appliance.conversations.models import Message
from tests.appliance.conversations.waiting.people import ask_each, people
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

# Nobody works on the queue: what waits goes on waiting.
pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]

QUESTION = "How often does the gauge client retry read_level?"


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_the_place_in_the_line_moves_while_one_waits(
    theme: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    before = elsewhere(lambda: ask_each(people(3)))
    page = open_as(world.owner, theme=theme, viewport=viewport).new_page()
    watch = Watch.over(page, address)
    page.goto("/")
    page.fill(".composer textarea", QUESTION)
    page.keyboard.press("Enter")
    stage = page.locator(".answer .stage")
    expect(stage).to_contain_text("Waiting for its turn: 3 before you")
    assert violations_of(page) == []
    gone = Message.objects.filter(pk__in=[answer.pk for answer in before[:2]])
    elsewhere(lambda: gone.update(state="stopped"))
    expect(stage).to_contain_text("Waiting for its turn: 1 before you")
    assert not watch.complaints


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", DESKTOP)])
def test_who_has_asked_too_much_keeps_the_question_and_is_told_when_to_go_on(
    theme: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    with override_settings(QUESTIONS_PER_HOUR=1):
        page = open_as(world.owner, theme=theme, viewport=viewport).new_page()
        watch = Watch.over(page, address)
        page.goto("/")
        page.fill(".composer textarea", QUESTION)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/threads/"))
        page.wait_for_load_state()  # or the script is not there yet
        page.fill(".composer textarea", "And then?")
        page.keyboard.press("Enter")
        told = page.locator("#composer-refused")
        expect(told).to_contain_text("You have asked 1 question within an hour")
        expect(page.locator(".composer textarea")).to_have_value("And then?")
        expect(page.locator(".question")).to_have_count(1)
        assert violations_of(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with override_settings(QUESTIONS_PER_HOUR=0):
        page.keyboard.press("Enter")
        expect(page.locator(".question")).to_have_count(2)
        expect(told).to_be_empty()
    assert not watch.complaints
