"""Makes the pictures of the documentation: `make pictures`. They show the world of the journeys."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image
from playwright.sync_api import Page, ViewportSize

from tests.journeys.conftest import OpenAs
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.slow]

# The documentation's own folder only when it is asked for: a nightly run changes no file of it.
FOLDER = Path(os.environ.get("PICTURES", "test-artifacts"))
SIZE: ViewportSize = {"width": 1280, "height": 800}


class Picture(NamedTuple):
    """One page as one person sees it, and what is done before it is taken."""

    person: str
    path: Callable[[World], str]
    prepare: Callable[[Page], None] = lambda page: None


def _whole(page: Page) -> None:
    """Wait for what a thread loads after its words: what to ask next, and how to judge it."""
    page.wait_for_selector(".feedback-choice >> nth=-1")


def _cite(page: Page) -> None:
    _whole(page)
    page.click(".citation >> nth=0")


def _open_steps(page: Page) -> None:
    _whole(page)
    page.click(".steps > summary >> nth=0")


def _file_path(world: World) -> str:
    return f"/files/tidewatch/{world.commit}/tidewatch/client.py?lines=10-13"


def _look_up(page: Page) -> None:
    page.fill("#lookup-name", "GaugeSilent")
    page.keyboard.press("Enter")
    page.wait_for_selector(".symbol-card li")


PICTURES = {
    "ask": Picture("owner", lambda world: f"/threads/{world.thread.pk}/", _cite),
    "checked": Picture("owner", lambda world: f"/threads/{world.checked.pk}/", _whole),
    "pair": Picture(
        "owner",
        lambda world: f"/threads/{world.paired.pk}/",
        _open_steps,
    ),
    "search": Picture("owner", lambda world: "/search/?q=gauge+retries"),
    "code": Picture(
        "owner",
        lambda world: "/search/code/?q=/gauge|RETRIES/",
        lambda page: page.click(".certificate > summary"),
    ),
    "file": Picture("owner", _file_path, _look_up),
    "sources": Picture("staff", lambda world: "/sources/"),
    "manage": Picture("staff", lambda world: "/manage/"),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("theme", "ending"), [("light", ""), ("dark", "-dark")])
def test_pictures_of_the_documentation(
    theme: str, ending: str, open_as: OpenAs, world: World
) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        window = open_as(getattr(world, picture.person), theme=theme, viewport=SIZE)
        page = window.new_page()
        response = page.goto(picture.path(world))
        assert response is not None
        assert response.ok
        picture.prepare(page)
        taken = Image.open(BytesIO(page.screenshot(animations="disabled")))
        # 256 colours are enough for pages of text, at a third of the size.
        taken.convert("P", palette=Image.Palette.ADAPTIVE).save(
            FOLDER / f"{name}{ending}.png", optimize=True
        )
        page.close()
