"""The extension against the real appliance: its client, and whole in a real VS Code (slow, not in CI)."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from inference.testing import Mode, Script
from tests.clients.vscode.editor import Editor, served_editor
from tests.clients.vscode.packages import EXTENSION, ROOT, has_npm, install_tools
from tests.journeys.world import World

pytestmark = [
    pytest.mark.services,
    pytest.mark.usefixtures("worker"),
    pytest.mark.xdist_group("vscode"),  # one installation of the extension's tools, not two at once
    pytest.mark.skipif(not has_npm(), reason="needs npm and Node"),
    pytest.mark.skipif(
        not (ROOT / "appliance/web/api/messages.py").exists(), reason="needs the API for asking"
    ),
]


@dataclass(frozen=True, slots=True)
class Place:
    """The fields of a place, as the extension names them."""

    source: str
    commit: str
    path: str
    firstLine: int
    lastLine: int


def spoken(address: str, user: User, question: str = "", place: Place | None = None) -> Any:
    """Return what the extension's client got with a token of this person."""
    token = create_token(user, name="Editor", rights=list(TokenRight), by=user)
    where = json.dumps(asdict(place)) if place else ""
    done = subprocess.run(
        ["node", ".tests/against.mjs", address, question, where],
        check=True,
        cwd=EXTENSION,
        env=os.environ | {"PLUMBLINE_TOKEN": token.text},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("script", [Script(mode=Mode.SLOW, pause_s=0.2)], indirect=True)
def test_the_editors_client_asks_and_an_outsider_reads_nothing(world: World, address: str) -> None:
    if not install_tools():
        pytest.skip("npm's registry is not reachable")
    subprocess.run(["node", "build.mjs", "test"], check=True, cwd=EXTENSION)

    owner = spoken(address, world.owner, "How often is a gauge asked again?")
    answer = owner["answer"]
    assert owner["person"]["user"] == world.owner.get_username()
    assert owner["hits"]
    assert answer["whole"]["state"] == "done"
    assert answer["last"] == answer["whole"]["text"]
    cited = answer["whole"]["citations"][0]
    assert answer["lines"] == cited["text"]
    assert (answer["follows"], answer["stopped"]) == (True, "stopped")

    place = Place(
        cited["source"], cited["commit"], cited["path"], cited["firstLine"], cited["lastLine"]
    )
    outsider = spoken(address, world.outsider, place=place)
    assert outsider["person"]["sources"] == []
    assert outsider["hits"] == []
    assert isinstance(outsider["place"], str)
    assert cited["text"] not in outsider["place"]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(600)
def test_the_packaged_extension_opens_what_the_appliance_cites(
    world: World, address: str, tmp_path: Path
) -> None:
    vsix, workspace = tmp_path / "clients", tmp_path / "mine/tidewatch"
    subprocess.run(["sh", str(EXTENSION / "package.sh"), str(vsix)], check=True, stdout=2)
    subprocess.run(["git", "clone", "--quiet", tmp_path / "tidewatch", workspace], check=True)
    token = create_token(world.owner, name="Editor", rights=list(TokenRight), by=world.owner)
    served = served_editor(tmp_path / "home", workspace, next(vsix.glob("*.vsix")), address)
    with served as url, sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        editor = Editor(browser.new_page(viewport={"width": 1280, "height": 800}))
        editor.page.set_default_timeout(30_000)
        editor.page.goto(url)
        editor.wait_until_started()
        editor.sign_in(token.text, world.owner.get_username())
        editor.run("Plumbline: Ask")
        editor.ask("How often is a gauge asked again?")
        editor.view.locator(".citation").first.click()
        expect(editor.page.locator(".statusbar")).to_contain_text("selected")
        assert editor.toasts.filter(has_text="differs").count() == 0
        browser.close()
