"""Paste a stack trace in a browser's thread: the change streams in, is checked, copied and downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from appliance.conversations.asking import ask
from appliance.conversations.models import Message
from appliance.conversations.modes import Mode
from inference.testing import Script
from tests.journeys.conftest import DESKTOP, PHONE, OpenAs, elsewhere
from tests.journeys.watching import Watch, violations_of
from tests.journeys.world import World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.services,
    pytest.mark.usefixtures("worker"),
    pytest.mark.timeout(600),
]

SCREENSHOTS = Path("test-artifacts")
TRACE = """The gauge of the north pier is asked once too often.

Traceback (most recent call last):
  File "/srv/tidewatch/tidewatch/client.py", line 40, in read_level
    if attempt == RETRIES - 1:
tidewatch.errors.GaugeSilent: north-pier
"""
SAID = """The last attempt is found by `RETRIES - 1` [E1], and the pause grows after it too [E1].

```diff
--- tidewatch/client.py
+++ tidewatch/client.py
@@ -7,4 +7,4 @@
             except httpx.TransportError as exc:
-                if attempt == RETRIES - 1:
+                if attempt >= {name} - 1:
                     raise GaugeSilent(gauge) from exc
```
"""
GOOD = Script(text=SAID.format(name="RETRIES"), window_tokens=8192)
MARKED = Script(text=SAID.format(name="PATIENCE_OF_PIERS"), window_tokens=8192)
FAILED = Script(
    text=SAID.replace("if attempt ==", "if effort ==").format(name="RETRIES"), window_tokens=8192
)


def answered(world: World, open_as: OpenAs, **window: object) -> tuple[Page, Message]:
    message = elsewhere(lambda: ask(world.owner, TRACE, mode=Mode.FIX))
    page = open_as(world.owner, **window).new_page()
    page.goto(f"/threads/{message.thread_id}/")
    expect(page.locator(".patch")).to_be_visible(timeout=60_000)
    return page, message


@pytest.mark.parametrize("script", [GOOD], indirect=True)
def test_a_change_is_shown_copied_and_downloaded(
    open_as: OpenAs, world: World, address: str
) -> None:
    page, message = answered(world, open_as, permissions=["clipboard-read", "clipboard-write"])
    watch = Watch.over(page, address)
    page.reload()
    patch = page.locator(".patch")
    expect(patch.locator(".check-passed")).to_have_count(4)
    expect(patch.locator(".diff-line.is-removed")).to_have_text(
        "-                if attempt == RETRIES - 1:"
    )
    expect(patch.locator(".diff-line.is-added")).to_have_text(
        "+                if attempt >= RETRIES - 1:"
    )
    expect(page.locator(".prose")).not_to_contain_text("@@")
    page.get_by_role("button", name="Copy patch").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("link", name="Download .patch").click()
    downloaded = Path(started.value.path()).read_text()
    assert page.evaluate("navigator.clipboard.readText()") == downloaded
    stored = elsewhere(lambda: Message.objects.get(pk=message.pk)).patches
    assert [downloaded] == [patch["diff"] for patch in stored]
    assert not watch.foreign
    assert not watch.complaints


@pytest.mark.parametrize(
    ("script", "state"),
    [(GOOD, "good"), (MARKED, "marked"), (FAILED, "failed")],
    indirect=["script"],
)
@pytest.mark.parametrize(("width", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_every_state_is_usable_in_light_and_dark(
    open_as: OpenAs, world: World, state: str, width: str, viewport: ViewportSize
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page, message = answered(world, open_as, viewport=viewport)
    expect(page.locator(f".patch-{state}")).to_be_visible()
    assert page.get_by_role("link", name="Download .patch").count() == (state != "failed")
    for theme in ("light", "dark"):
        other = open_as(world.owner, viewport=viewport, theme=theme).new_page()
        other.goto(f"/threads/{message.thread_id}/")
        other.locator(".patch").scroll_into_view_if_needed()
        other.screenshot(path=SCREENSHOTS / f"fix-{state}-{theme}-{width}.png")
        assert violations_of(other) == []
        extra = other.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert extra <= 0
