"""Every page, light and dark, wide and narrow: usable, self-contained, within its policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize

from indexer.models import Source
from tests.journeys.conftest import DESKTOP, PHONE, WAYS, OpenAs, elsewhere
from tests.journeys.watching import Watch, violations_of, wait_until
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.services]

SCREENSHOTS = Path("test-artifacts")


class Shot(NamedTuple):
    """One page as one person sees it."""

    person: str | None
    path: Callable[[World], str]
    prepare: Callable[[Page], None] | None = None
    status: int = 200


def _open_text(page: Page) -> None:
    page.get_by_text("Show the text").nth(1).click()


def _open_menu(page: Page) -> None:
    page.click(".account > summary")


def _open_threads(page: Page) -> None:
    if page.is_visible(".threads-open"):
        page.click(".threads-open")


def _open_certificate(page: Page) -> None:
    page.click(".certificate > summary")


def _cite(page: Page) -> None:
    page.click(".citation >> nth=0")


def _open_steps(page: Page) -> None:
    page.click(".steps > summary >> nth=0")


def _open_modes(page: Page) -> None:
    page.click(".modes > summary")
    # All of them are seen: nothing has to be scrolled.
    wait_until(
        page,
        "(panel => panel.scrollHeight <= panel.clientHeight)"
        "(document.querySelector('.modes .picker-panel'))",
    )


def _stands_wide(page: Page) -> None:
    wait_until(
        page, "document.querySelector('article.file').clientWidth > 0.65 * window.innerWidth"
    )


def _open_actions(page: Page) -> None:
    page.click(".turn-menu > summary >> nth=-1")


def _manage(page: Page) -> None:
    page.click(".conversation-head .menu > summary")


def _label(page: Page) -> None:
    _manage(page)
    page.fill("[name=labels]", "gauges, to do")
    page.get_by_role("button", name="Label", exact=True).click()
    page.wait_for_selector(".conversation-head .thread-label", state="attached")
    _open_threads(page)
    page.get_by_role("link", name="gauges 1").click()
    page.wait_for_selector(".threads-labels [aria-current]", state="attached")


def _open_administration(page: Page) -> None:
    if page.is_visible(".manage-menu > summary"):
        page.click(".manage-menu > summary")


def _refuse(page: Page) -> None:
    page.fill("[name=location]", "/srv/git/secret")
    page.fill("[name=name]", "secret")
    page.click("button.button-primary >> nth=-1")


def _make_secret(page: Page) -> None:
    page.click("form[action$='/hook/'] button")


def _preview(page: Page) -> None:
    lines = ["https://git.harbour.example/harbour/cranes.git", "file:///etc"]
    page.fill("[name=text]", "\n".join([*lines, "https://git.harbour.example/harbour/buoys.git"]))
    page.click("main button.button-primary")


def _connect_chosen(page: Page) -> None:
    _preview(page)
    page.click("main button.button-primary")
    # The next window finds the rows as they were.
    elsewhere(lambda: Source.objects.filter(name="cranes").delete())


def _store_credential(page: Page) -> None:
    page.fill("[name=name]", "harbour-reader")
    page.fill("[name=secret]", "a-token-of-the-harbour")
    page.click("main button.button-primary >> nth=-1")


def _open_credential(page: Page) -> None:
    page.click("th a >> nth=0")


def _dislike(page: Page) -> None:
    page.click(".feedback-choice button[value=bad] >> nth=0")
    page.wait_for_selector(".feedback-more")


def _refuse_decision(page: Page) -> None:
    page.click("button[value=resolve]")


def _compare_path(world: World, handle: str) -> str:
    link = elsewhere(
        lambda: world.outdated.evidence_links.filter(handle=handle, role="cited").get().pk
    )
    return f"/messages/{world.outdated.pk}/citations/{link}/compare/"


PAGES: dict[str, Shot] = {
    "sign-in": Shot(None, lambda world: "/accounts/login/"),
    "ask": Shot("owner", lambda world: "/"),
    "ask-menu": Shot("staff", lambda world: "/", _open_menu),
    "ask-nothing-granted": Shot("outsider", lambda world: "/"),
    "thread": Shot("owner", lambda world: f"/threads/{world.thread.pk}/"),
    "prompt": Shot("owner", lambda world: f"/messages/{world.prompted.pk}/prompt/", _open_text),
    "prompt-none": Shot("owner", lambda world: f"/messages/{world.answer.pk}/prompt/"),
    "thread-cited": Shot("owner", lambda world: f"/threads/{world.thread.pk}/", _cite),
    "thread-checked": Shot("owner", lambda world: f"/threads/{world.checked.pk}/"),
    "thread-states": Shot("owner", lambda world: f"/threads/{world.states.pk}/"),
    "pair": Shot("owner", lambda world: f"/threads/{world.paired.pk}/"),
    "pair-steps": Shot("owner", lambda world: f"/threads/{world.paired.pk}/", _open_steps),
    "pair-running": Shot("owner", lambda world: f"/threads/{world.pairing.pk}/"),
    "ask-modes": Shot("owner", lambda world: "/", _open_modes),
    "thread-modes": Shot("owner", lambda world: f"/threads/{world.paired.pk}/", _open_modes),
    "thread-outdated": Shot("owner", lambda world: f"/threads/{world.outdated.thread_id}/"),
    "changed": Shot("owner", lambda world: "/changed/"),
    "changed-none": Shot("reader", lambda world: "/changed/"),
    "compare-changed": Shot("owner", lambda world: _compare_path(world, "E1")),
    "compare-gone": Shot("owner", lambda world: _compare_path(world, "E3")),
    "manage": Shot("staff", lambda world: "/manage/"),
    "manage-open": Shot("staff", lambda world: "/people/", _open_administration),
    "manage-below": Shot("staff", lambda world: f"/people/{world.owner.pk}/"),
    "manage-jobs": Shot("staff", lambda world: "/manage/jobs/"),
    "manage-jobs-none": Shot("staff", lambda world: "/manage/jobs/?source=nowhere"),
    "manage-settings": Shot("staff", lambda world: "/manage/settings/"),
    "thread-feedback": Shot(
        "owner", lambda world: f"/threads/{world.outdated.thread_id}/", _dislike
    ),
    "feedback": Shot("owner", lambda world: f"/messages/{world.case.pk}/feedback/"),
    "curation": Shot("staff", lambda world: "/curation/?state=all"),
    "curation-none": Shot("staff", lambda world: "/curation/?reason=slow"),
    "case": Shot("staff", lambda world: f"/curation/{world.case.pk}/"),
    "case-refused": Shot(
        "staff", lambda world: f"/curation/{world.case.pk}/?source=tidewatch", _refuse_decision
    ),
    "curated": Shot("staff", lambda world: "/curation/lines/"),
    "unanswered": Shot("staff", lambda world: "/curation/report/"),
    "thread-list": Shot("owner", lambda world: f"/threads/{world.thread.pk}/", _open_threads),
    "thread-labelled": Shot("owner", lambda world: f"/threads/{world.checked.pk}/", _label),
    "thread-delete": Shot("owner", lambda world: f"/threads/{world.thread.pk}/delete/"),
    "thread-branches": Shot("owner", lambda world: f"/threads/{world.branched.pk}/"),
    "thread-actions": Shot("owner", lambda world: f"/threads/{world.branched.pk}/", _open_actions),
    "thread-edit": Shot(
        "owner", lambda world: f"/threads/{world.branched.pk}/?edit={world.asked_twice.pk}"
    ),
    "thread-manage": Shot("owner", lambda world: f"/threads/{world.branched.pk}/", _manage),
    "thread-share": Shot("owner", lambda world: f"/threads/{world.branched.pk}/share/?who=st"),
    "thread-sealed": Shot("outsider", lambda world: f"/threads/{world.branched.pk}/"),
    "thread-shared": Shot("reader", lambda world: f"/threads/{world.branched.pk}/", _open_threads),
    "thread-find": Shot(
        "owner", lambda world: f"/threads/{world.branched.pk}/?find=gauge+asked", _open_threads
    ),
    "branch-delete": Shot("owner", lambda world: f"/messages/{world.asked_twice.pk}/delete/"),
    "search-empty": Shot("owner", lambda world: "/search/"),
    "search": Shot("owner", lambda world: "/search/?q=gauge+retries"),
    "search-none": Shot("owner", lambda world: "/search/?q=gauge&page=9"),
    "search-nothing-granted": Shot("outsider", lambda world: "/search/"),
    "file": Shot(
        "owner",
        lambda world: f"/files/tidewatch/{world.commit}/tidewatch/client.py?lines=34-47",
    ),
    "file-older": Shot(
        "owner",
        lambda world: f"/files/tidewatch/{world.older_commit}/tidewatch/errors.py?lines=4-9",
        _stands_wide,
    ),
    "compare-refs": Shot("owner", lambda world: "/compare/tidewatch/?from=release/1.0&to=main"),
    "compare-file": Shot("owner", lambda world: "/compare/tidewatch/README.md?from=release/1.0"),
    "compare-none": Shot("owner", lambda world: "/compare/buoys/"),
    "search-name": Shot("owner", lambda world: "/search/?q=Client"),
    "code-empty": Shot("owner", lambda world: "/search/code/"),
    "code": Shot("owner", lambda world: "/search/code/?q=/gauge|RETRIES/", _open_certificate),
    "code-none": Shot("owner", lambda world: "/search/code/?q=nowhere+repo:tide"),
    "code-refused": Shot("owner", lambda world: "/search/code/?q=/(a)%5C1/", status=400),
    "code-nothing-granted": Shot("outsider", lambda world: "/search/code/"),
    "symbols": Shot("owner", lambda world: "/symbols/?name=Client"),
    "symbols-empty": Shot("owner", lambda world: "/symbols/"),
    "why": Shot("owner", lambda world: "/sources/tidewatch/why/?path=tidewatch/client.py"),
    "why-not": Shot("staff", lambda world: "/sources/tidewatch/why/?path=tidewatch/clint.py"),
    "upload": Shot("staff", lambda world: "/sources/upload/"),
    "hook": Shot("staff", lambda world: "/sources/tidewatch/", _make_secret),
    "credentials": Shot("staff", lambda world: "/credentials/", _store_credential),
    "credential": Shot("staff", lambda world: "/credentials/", _open_credential),
    "connect-preview": Shot("staff", lambda world: "/sources/connect/list/", _preview),
    "connect-result": Shot("staff", lambda world: "/sources/connect/list/", _connect_chosen),
    "findings": Shot("staff", lambda world: "/sources/tidewatch/findings/"),
    "findings-none": Shot("staff", lambda world: "/sources/buoys/findings/"),
    "connect-list": Shot("staff", lambda world: "/sources/connect/list/"),
    "connect-host": Shot("staff", lambda world: "/sources/connect/host/"),
    "sources": Shot("owner", lambda world: "/sources/"),
    "sources-staff": Shot("staff", lambda world: "/sources/"),
    "source": Shot("staff", lambda world: "/sources/tidewatch/"),
    "source-syncing": Shot("staff", lambda world: "/sources/lockgates/"),
    "source-failed": Shot("staff", lambda world: "/sources/pilot-office/"),
    "connect": Shot("staff", lambda world: "/sources/connect/"),
    "connect-refused": Shot("staff", lambda world: "/sources/connect/", _refuse),
    "evaluation": Shot("staff", lambda world: "/evaluation/"),
    "evaluation-run": Shot("staff", lambda world: f"/evaluation/runs/{world.run.pk}/"),
    "help": Shot("reader", lambda world: "/help/"),
    "help-found": Shot("reader", lambda world: "/help/?q=citation"),
    "help-page": Shot("reader", lambda world: "/help/guide/answers/"),
    "help-settings": Shot("reader", lambda world: "/help/settings/"),
    "status": Shot("reader", lambda world: "/status/"),
    "status-staff": Shot("staff", lambda world: "/status/"),
    "password": Shot("reader", lambda world: "/accounts/password/change/"),
    "sign-out": Shot("reader", lambda world: "/accounts/logout/"),
    "not-found": Shot("reader", lambda world: "/nowhere/", status=404),
    "no-page": Shot("reader", lambda world: "/theme/", status=405),
}


@pytest.mark.timeout(900)
def test_pages_are_usable_and_load_nothing_from_elsewhere(
    open_as: OpenAs, world: World, address: str
) -> None:
    """Each page is loaded once and looked at twice: wide and light, then narrow and dark."""
    windows: dict[str | None, tuple[Page, Watch]] = {}
    problems: list[str] = []
    for name, shot in PAGES.items():
        if shot.person not in windows:
            person = getattr(world, shot.person) if shot.person else None
            page = open_as(person).new_page()
            windows[shot.person] = page, Watch.over(page, address)
        page, watch = windows[shot.person]
        found = [*_opened(page, shot, world), *_problems_on(page)]
        _turn(page, "dark", PHONE)
        if shot.prepare:  # what a narrow page unfolds is another thing than on a wide one
            found += _opened(page, shot, world)
        found += [f"dark and narrow: {problem}" for problem in _problems_on(page)]
        _turn(page, "light", DESKTOP)
        problems += [f"{name}: {problem}" for problem in [*found, *watch.taken()]]
    assert not problems, "\n".join(problems)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("theme", "width", "viewport"), WAYS)
def test_pages_loaded_in_each_way(
    theme: str, width: str, viewport: ViewportSize, open_as: OpenAs, world: World, address: str
) -> None:
    """And kept as pictures, to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    windows: dict[str | None, BrowserContext] = {}
    problems: list[str] = []
    for name, shot in PAGES.items():
        if shot.person not in windows:
            person = getattr(world, shot.person) if shot.person else None
            windows[shot.person] = open_as(person, theme=theme, viewport=viewport)
        page = windows[shot.person].new_page()
        watch = Watch.over(page, address)
        found = [*_opened(page, shot, world), *_problems_on(page), *watch.taken()]
        page.screenshot(path=SCREENSHOTS / f"{name}-{theme}-{width}.png")
        page.close()
        problems += [f"{name}: {problem}" for problem in found]
    assert not problems, "\n".join(problems)


def _turn(page: Page, theme: str, viewport: ViewportSize) -> None:
    """Show the page in another way, as the choice in the menu does, and the pages after it."""
    page.set_viewport_size(viewport)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": page.url}])
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)


def _opened(page: Page, shot: Shot, world: World) -> list[str]:
    """Open the page and do what is to be done there; return what was wrong with that."""
    response = page.goto(shot.path(world))
    status = response.status if response else 0
    if status != shot.status:
        return [f"status {status}"]
    if shot.prepare:
        shot.prepare(page)
    return []


def _problems_on(page: Page) -> list[str]:
    return [*violations_of(page), *_overflow(page)]


def _overflow(page: Page) -> list[str]:
    """Say so when the page itself scrolls sideways."""
    extra = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [f"{extra} px wider than the window"] if extra > 0 else []
