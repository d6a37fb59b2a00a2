"""The extension's own checks: types, style, and the unit tests of the modules that need no editor."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.clients.vscode.packages import EXTENSION, has_npm, install_tools

pytestmark = [
    pytest.mark.skipif(not has_npm(), reason="needs npm and Node"),
    pytest.mark.xdist_group("vscode"),  # one installation, not two at once
]
MODULE_LINES = 400
TESTS_PASSED = re.compile(r"^# pass (\d+)$", re.M)


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    if not install_tools():
        pytest.skip("npm's registry is not reachable")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, cwd=EXTENSION, capture_output=True, text=True)


def test_the_modules_do_what_they_say() -> None:
    done = run("npm", "--silent", "test")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = TESTS_PASSED.search(done.stdout)
    assert passed is not None
    assert int(passed[1]) > 40


def test_types_and_style_hold() -> None:
    done = run("npm", "--silent", "run", "check")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_modules_are_small() -> None:
    sources = [*EXTENSION.glob("src/**/*.ts"), *EXTENSION.glob("webview/*.ts")]
    assert len(sources) > 20
    long = [path.name for path in sources if path.read_text("utf-8").count("\n") > MODULE_LINES]
    assert long == []


def test_the_bundle_holds_what_the_manifest_names() -> None:
    assert run("npm", "--silent", "run", "build").returncode == 0
    manifest = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    bundle = (EXTENSION / manifest["main"]).read_text("utf-8")
    commands = [command["command"] for command in manifest["contributes"]["commands"]]
    assert [name for name in commands if f'"{name}"' not in bundle] == []
    licences = (EXTENSION / "THIRD-PARTY.txt").read_text("utf-8")
    assert "markdown-it" in licences


def test_a_workspace_cannot_say_where_the_token_goes() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    settings = manifest["contributes"]["configuration"]["properties"]
    scopes = {name: settings[f"plumbline.{name}"]["scope"] for name in ("serverAddress", "caFile")}
    assert scopes == {"serverAddress": "application", "caFile": "machine"}
