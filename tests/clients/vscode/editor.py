"""A real VS Code in headless Chromium, with the packaged extension, on a small workspace."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

from tests.clients.vscode.fake_api import CLIENT_PY, PATH, TOKEN
from tests.clients.vscode.packages import install_code_server, with_its_node

expect.set_options(timeout=20_000)  # an editor on a busy machine
BRANCH = re.compile("main|master")
REMOTE = "git@git.example:harbour/tidewatch.git"
QUIET = {
    "workbench.startupEditor": "none",
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "chat.disableAIFeatures": True,
    "git.openRepositoryInParentFolders": "never",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
}


def make_workspace(folder: Path) -> Path:
    """Make a clone of the source as somebody has it on their machine: one line further down."""
    file = folder / PATH
    file.parent.mkdir(parents=True)
    file.write_text(CLIENT_PY, encoding="utf-8")
    for command in (["init", "--quiet"], ["remote", "add", "origin", REMOTE]):
        subprocess.run(["git", *command], check=True, cwd=folder)
    return folder


@contextmanager
def served_editor(home: Path, workspace: Path, vsix: Path, address: str) -> Iterator[str]:
    """Install the extension as a person does, serve the editor, return its address."""
    folder = install_code_server()
    settings = home / "data/User/settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(QUIET | {"plumbline.serverAddress": address}))
    environment = with_its_node() | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    command = [
        "node", str(folder / "node_modules/code-server"),
        "--user-data-dir", str(home / "data"), "--extensions-dir", str(home / "extensions"),
    ]  # fmt: skip
    subprocess.run(
        [*command, "--install-extension", str(vsix)], check=True, env=environment, stdout=2
    )
    port = free_port()
    serve = [
        "--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry",
        "--disable-update-check", "--disable-workspace-trust", str(workspace),
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([*command, *serve], env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/?folder={workspace}"
            wait_for(f"http://127.0.0.1:{port}/healthz")
            yield url
        finally:
            process.terminate()
            process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(url)


@dataclass(frozen=True, slots=True)
class Editor:
    """What a person does in the editor, with the keys that they do it with."""

    page: Page

    def wait_until_started(self) -> None:
        status = self.page.locator(".statusbar")
        expect(self.page.get_by_role("tab", name="Plumbline")).to_be_visible(timeout=60_000)
        expect(status).to_contain_text(BRANCH, timeout=60_000)  # git has told the remotes

    def run(self, command: str) -> None:
        self.page.keyboard.press("F1")
        picker = self.page.locator(".quick-input-widget input[type=text]")
        picker.fill(f">{command}")
        row = self.page.locator(".quick-input-list .monaco-list-row", has_text=command).first
        expect(row).to_be_visible()
        row.click()

    def choose(self, label: str) -> None:
        self.page.locator(".quick-input-list .monaco-list-row", has_text=label).first.click()

    def type_in(self, title: str, text: str) -> None:
        expect(self.page.locator(".quick-input-widget")).to_contain_text(title)
        self.page.locator(".quick-input-widget input:visible").fill(text)
        self.page.keyboard.press("Enter")

    def sign_in(self, token: str = TOKEN, name: str = "ada") -> None:
        self.run("Plumbline: Sign In")
        self.choose("Paste a token")
        self.type_in("Token", token)
        expect(self.toasts.filter(has_text=f"You are signed in as {name}.")).to_be_visible()

    def sign_in_by_code(self) -> Page:
        """Sign in with the browser; return the page that opened."""
        self.run("Plumbline: Sign In")
        self.choose("Sign in with the browser")
        dialog = self.page.locator(".monaco-dialog-box")
        expect(dialog).to_contain_text("Your code is WDJB-MJHT")
        with self.page.context.expect_page() as opened:
            dialog.get_by_role("button", name="Copy the code and open the page").click()
        expect(self.toasts.filter(has_text="You are signed in as ada.")).to_be_visible()
        return opened.value

    def open(self, path: str, first: int, last: int) -> None:
        """Open a file and select lines of it."""
        self.page.keyboard.press("Control+p")
        self.page.locator(".quick-input-widget input[type=text]").fill(f"{path}:{first}")
        row = self.page.locator(".quick-input-list .monaco-list-row").first
        expect(row).to_contain_text(path.rsplit("/", 1)[-1])
        self.page.keyboard.press("Enter")
        expect(self.tab).to_contain_text(path.rsplit("/", 1)[-1])
        expect(self.page.locator(".statusbar")).to_contain_text(f"Ln {first}, Col 1")
        expect(self.page.locator(".monaco-editor.focused")).to_be_visible()
        self.page.keyboard.press("Home")
        for _ in range(last - first):
            self.page.keyboard.press("Shift+ArrowDown")
        self.page.keyboard.press("Shift+End")

    def menu(self, label: str) -> None:
        """Choose from the menu of the right mouse button, opened with the keyboard."""
        self.page.keyboard.press("Shift+F10")
        self.page.locator(".context-view .action-label", has_text=label).click()

    def ask(self, words: str) -> None:
        self.view.get_by_label("Question", exact=True).fill(words)
        self.view.get_by_role("button", name="Ask", exact=True).click()
        expect(self.turns.last).to_contain_text("Answered")

    @property
    def turns(self) -> Locator:
        return self.view.locator(".turn")

    @property
    def toasts(self) -> Locator:
        return self.page.locator(".notification-toast")

    @property
    def tab(self) -> Locator:
        return self.page.locator(".tab.active")

    @property
    def view(self) -> FrameLocator:
        return self.page.frame_locator("iframe.webview.ready").frame_locator("#active-frame")

    @property
    def frame(self) -> Frame:
        """The view's innermost frame."""
        found = self.view.locator("body").element_handle()
        frame = found.owner_frame() if found else None
        assert frame is not None
        return frame
