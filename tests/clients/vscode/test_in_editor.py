"""The packaged extension in a real VS Code: sign in, ask about lines, open what is cited, apply a change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, expect, sync_playwright

from tests.clients.vscode.editor import Editor, make_workspace, served_editor
from tests.clients.vscode.fake_api import CLIENT_PY, COMMIT, PATH, SOURCE, FakeApi, fake_api
from tests.clients.vscode.packages import EXTENSION, has_npm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not has_npm(), reason="needs npm and Node"),
]

PICTURES = Path(os.environ.get("PLUMBLINE_PICTURES", "test-artifacts"))


@pytest.fixture(scope="module")
def vsix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clients")
    subprocess.run(["sh", str(EXTENSION / "package.sh"), str(folder)], check=True, stdout=2)
    return next(folder.glob("plumbline-vscode-*.vsix"))


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with fake_api() as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "tidewatch")


@pytest.fixture
def page(tmp_path: Path, workspace: Path, vsix: Path, api: FakeApi) -> Iterator[Page]:
    home = tmp_path / "home"
    with served_editor(home, workspace, vsix, api.url) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(30_000)
        page.goto(url)
        Editor(page).wait_until_started()
        yield page
        browser.close()


def picture(page: Page, name: str) -> None:
    """Keep what there is to see: for looking at it, and for the documentation."""
    PICTURES.mkdir(exist_ok=True)
    page.wait_for_timeout(500)  # notifications move into their place
    page.screenshot(path=PICTURES / f"vscode-{name}.png")


def violations_in(frame: Frame) -> list[str]:
    """Return what axe finds in the view; it lies in frames that the page's own axe does not enter."""
    frame.evaluate(Axe().axe_script)
    found = frame.evaluate("axe.run().then(found => found.violations)")
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]


def changed(page: Page, file: Path, text: str, shows: str) -> None:
    """Change a file behind the editor's back, and wait until the editor has seen it: before that
    an extension is given the old text."""
    file.write_text(text, encoding="utf-8")
    expect(page.locator(".view-line", has_text=shows).first).to_be_visible()


def test_ask_open_what_is_cited_and_apply_a_change(
    page: Page, api: FakeApi, workspace: Path
) -> None:
    editor, file = Editor(page), workspace / PATH
    editor.sign_in()
    editor.open(PATH, 13, 15)
    editor.menu("Ask Plumbline About Selection")
    about = editor.view.locator("#about-text")
    expect(about).to_have_text("About tidewatch/client.py, lines 13 to 15")
    editor.ask("How often is a gauge asked?")
    assert "tidewatch/client.py, lines 13 to 15 of tidewatch" in api.answers[0].question["question"]
    expect(editor.turns).to_contain_text("3 of 3 sentences supported")
    picture(page, "ask")
    assert violations_in(editor.frame) == []

    with page.context.expect_page() as opened:
        editor.view.get_by_role("button", name="on the appliance's page").first.click()
    assert f"/files/{SOURCE}/{COMMIT}/{PATH}#L5-L5" in opened.value.url
    opened.value.close()
    editor.view.get_by_role("button", name="Citation 2").first.click()
    expect(page.locator(".statusbar")).to_contain_text("Ln 14")
    expect(page.locator(".statusbar")).to_contain_text("selected")

    changed(page, file, "# a line of one's own\n" + CLIENT_PY, "a line of one")
    editor.view.get_by_role("button", name="Citation 2").first.click()
    expect(editor.toasts.filter(has_text="The cited lines are at line 11 here")).to_be_visible()
    changed(page, file, CLIENT_PY.replace("attempt ==", "attempt >"), "attempt > RETRIES")
    editor.view.get_by_role("button", name="Citation 2").first.click()
    differs = editor.toasts.filter(has_text="differs from the lines that were cited")
    expect(differs.get_by_role("button", name="Open the cited version")).to_be_visible()
    picture(page, "differs")

    editor.ask("What would a hostile answer do?")
    expect(editor.turns.last).to_contain_text("<img src=x")
    assert editor.view.locator("img").count() == 0


def test_fix_apply_search_and_stop(page: Page, api: FakeApi, workspace: Path) -> None:
    editor = Editor(page)
    confirming = editor.sign_in_by_code()
    assert confirming.url.endswith("/device/?code=WDJB-MJHT")  # by code-server's own proxy
    confirming.close()
    editor.open(PATH, 14, 15)
    editor.menu("Fix This with Plumbline")
    patch = editor.view.locator(".patch")
    expect(patch).to_contain_text("tidewatch/client.py")
    assert api.answers[0].question["mode"] == "fix"
    patch.get_by_role("button", name="Show as diff").click()
    expect(editor.tab).to_contain_text("client.py: proposed change")
    expect(page.locator(".monaco-diff-editor .line-insert").first).to_be_visible()
    picture(page, "fix")
    patch.get_by_role("button", name="Apply").click()
    expect(editor.toasts.filter(has_text="1 file changed, not saved yet")).to_be_visible()
    expect(page.locator(".view-line", has_text="attempt >= RETRIES - 1").first).to_be_visible()
    assert "attempt == RETRIES" in (workspace / PATH).read_text()  # nothing is saved unasked
    patch.get_by_role("button", name="Apply").click()
    expect(editor.toasts.filter(has_text="does not fit your copy")).to_be_visible()

    editor.run("Plumbline: Search")
    editor.page.locator(".quick-input-widget input[type=text]").fill("GaugeSilent")
    editor.choose("tidewatch/client.py:15")
    expect(page.locator(".statusbar")).to_contain_text("Ln 15")

    api.pause_s = 0.4
    editor.view.get_by_label("Question", exact=True).fill("Tell it slowly")
    page.keyboard.press("Enter")
    expect(editor.turns.last.locator(".answer")).to_contain_text("A gauge")
    editor.view.get_by_role("button", name="Stop").click()
    expect(editor.turns.last).to_contain_text("Stopped")
    assert api.answers[-1].stopped.is_set()

    editor.run("Plumbline: Sign Out")
    expect(editor.view.get_by_role("button", name="Sign in")).to_be_visible()
    expect(editor.turns).to_have_count(0)  # what was answered is not for whoever comes next
    assert violations_in(editor.frame) == []
