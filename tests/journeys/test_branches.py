"""Branches, menus and evidence that comes later, in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from appliance.conversations.models import Message, ThreadShare
from tests.journeys.conftest import OpenAs, elsewhere
from tests.journeys.evidence import add_evidence
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]


def test_one_asks_in_other_words_and_goes_between_the_versions(
    open_as: OpenAs, world: World
) -> None:
    page = open_as(world.owner).new_page()
    page.goto(f"/threads/{world.branched.pk}/")

    # Everything is reached with keys: open the menu of the last question, edit, ask.
    menu = page.locator(".question .turn-menu > summary").last
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Edit and ask again").last).to_be_focused()
    page.keyboard.press("Enter")
    field = page.locator(".composer textarea")
    expect(field).to_be_focused()
    expect(field).to_have_value("And after the fourth time?")
    field.fill("And after the fifth time?")
    page.keyboard.press("Enter")
    expect(page.locator(".question-text").last).to_have_text("And after the fifth time?")

    # The first version is one step away, and so is the way back.
    versions = page.get_by_role("navigation", name="Versions of this question").last
    expect(versions).to_contain_text("2 of 2")
    versions.get_by_role("link", name="Previous version").click()
    expect(page.locator(".question-text").last).to_have_text("And after the fourth time?")
    page.get_by_role("navigation", name="Pinned").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"\?at=.*#message-"))


def test_the_menu_of_the_last_message_comes_into_view(open_as: OpenAs, world: World) -> None:
    page = open_as(world.owner).new_page()
    page.goto(f"/threads/{world.branched.pk}/")
    page.locator(".turn-menu > summary").last.click()
    link = page.get_by_role("link", name="Delete from here on").last
    expect(link).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()


def test_the_passages_of_an_old_answer_come_when_they_are_wanted(
    open_as: OpenAs, world: World
) -> None:
    def write() -> None:
        last: Message | None = None
        thread = world.checked
        for number in range(10):
            role = "answer" if last and last.role == "question" else "question"
            last = Message.objects.create(
                thread=thread, parent=last, role=role, text=f"Message {number} [E1]."
            )
            if role == "answer":
                what = ("E1", "tidewatch/client.py", "GaugeClient.read_level", "cited")
                add_evidence(last, world.source, world.older_commit, what, (32, 43))

    elsewhere(write)
    page = open_as(world.owner).new_page()
    page.goto(f"/threads/{world.checked.pk}/")
    expect(page.locator("[data-later]")).to_have_count(2)
    page.locator(".citation").first.click()
    expect(page.locator(".card.is-active:visible")).to_have_count(1)
    expect(page.locator(".citation").first).to_have_class(re.compile("is-active"))
    expect(page.locator("[data-later]")).to_have_count(1)


def test_a_viewer_reads_until_the_share_is_taken_back(open_as: OpenAs, world: World) -> None:
    page = open_as(world.outsider).new_page()
    page.goto(f"/threads/{world.branched.pk}/")
    expect(page.get_by_text("This answer rests on sources").first).to_be_visible()
    page.get_by_role("button", name="Continue in a thread of your own").click()
    expect(page.get_by_role("link", name="Share")).to_be_visible()  # it is theirs
    expect(page.get_by_text("Sealed.")).to_have_count(0)
    elsewhere(lambda: ThreadShare.objects.all().delete())
    response = page.goto(f"/threads/{world.branched.pk}/")
    assert response is not None
    assert response.status == 404
