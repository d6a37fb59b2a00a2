"""The packaged extension in a real VS Code: sign in, ask about lines, open what is cited, apply a change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.clients.vscode.editor import Editor, make_workspace, served_editor
from tests.clients.vscode.fake_api import CLIENT_PY, PATH, FakeApi, fake_api
from tests.clients.vscode.packages import EXTENSION, has_npm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not has_npm(), reason="needs npm and Node"),
]

PICTURES = Path(os.environ.get("PLUMBLINE_PICTURES", "test-artifacts"))


@pytest.fixture(scope="module")
def vsix() -> Path:
    subprocess.run(["sh", str(EXTENSION / "package.sh")], check=True, stdout=2)
    return next((EXTENSION.parent / "dist").glob("plumbline-vscode-*.vsix"))


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
        page.screenshot(path="/tmp/cs-last.png")
        browser.close()


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"vscode-{name}.png")


def test_ask_about_lines_and_open_what_is_cited(page: Page, api: FakeApi, workspace: Path) -> None:
    editor = Editor(page)
    editor.sign_in()
    editor.open(PATH, 13, 15)
    editor.run("Plumbline: Ask About Selection")
    expect(editor.view.locator("#about")).to_have_text("About tidewatch/client.py, lines 13 to 15")
    picture(page, "1")
    editor.view.get_by_label("Question").fill("How often is a gauge asked?")
    editor.view.get_by_role("button", name="Ask", exact=True).click()
    expect(editor.view.get_by_text("Answered")).to_be_visible()
    picture(page, "2")
    sent = api.answers[0].question["question"]
    assert "tidewatch/client.py, lines 13 to 15 of tidewatch" in sent
