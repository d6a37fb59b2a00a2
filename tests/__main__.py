"""`make test`: everything that CI runs, in one pytest run, after preparing what the tests need.

The browser tests need Chromium, the directory tests an LDAP server and identity providers from npm,
the VS Code extension its tools from npm, the sandbox bubblewrap, the model tests vLLM and the small
model (MODEL_TESTS=false leaves these out). The last line printed is pytest's own summary.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from inference.packages import MINILM, SMALL_MODEL_GGUF
from tests.clients.vscode.packages import install_tools
from tests.identity.packages import install_packages

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PROGRAMS = {"bwrap": "bubblewrap", "npm": "npm", "slapd": "slapd"}  # program -> Debian's package
SERVING = (sys.executable, "-m", "inference.serving")
LEFT_OUT = "not quality and not slow"


class NotPrepared(Exception):
    """A part of the tests cannot run on this machine."""


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def is_on(name: str, *, default: str) -> bool:
    return os.environ.get(name, default) == "true"


def find_browser() -> str | None:
    if named := os.environ.get("CHROMIUM"):
        return named
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def find_program(name: str) -> str | None:
    """Return where a program is, also where only root looks for it."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def install(packages: list[str]) -> None:
    """Install Debian packages where that needs nobody's password; elsewhere do nothing."""
    if not packages or os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return
    say(f"Installing for the tests: {' '.join(packages)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "-qq", *command], check=False, env=environment, stdout=2)


def prepare_programs() -> None:
    missing = [package for name, package in PROGRAMS.items() if find_program(name) is None]
    install([*missing, *([] if find_browser() else ["chromium"])])
    for name, package in PROGRAMS.items():
        if find_program(name) is None:
            must_have(name, f"Some tests need {name}: install {package}.")
    if path := find_browser():
        os.environ["CHROMIUM"] = path
        return
    must_have(
        "Chromium",
        "The browser tests need Chromium: install it, or name it with CHROMIUM=/path/to/it.",
    )


def prepare_identity_providers() -> None:
    """Install the identity providers of the sign-in tests from npm's registry, once per lock."""
    if not install_packages():
        must_have("identity providers", "Some tests need Node 20 or newer, npm and its registry.")


def prepare_extension() -> None:
    """Install what the VS Code extension is built and tested with, once per lock."""
    if not install_tools():
        must_have(
            "the VS Code extension", "Some tests need Node 20 or newer, npm and its registry."
        )


def must_have(name: str, sentence: str) -> None:
    """In CI a missing program is an error; elsewhere its tests are skipped, and this says so."""
    if is_on("CI", default="false"):
        raise NotPrepared(sentence)
    say(f"{sentence} Tests with {name} are skipped.")


def prepare_models() -> None:
    """Fetch the embedding model, and install, fetch and convert what the model tests serve."""
    steps: list[tuple[str, ...]] = [("fetch", MINILM)]
    if is_on("MODEL_TESTS", default="true"):
        steps += [("install",), ("fetch", SMALL_MODEL_GGUF), ("convert",)]
    for step in steps:
        say(f"Preparing the models: {' '.join(step)}")
        if subprocess.run([*SERVING, *step], check=False, cwd=ROOT, stdout=2).returncode:
            raise NotPrepared(
                f"'inference.serving {step[0]}' failed (the reason stands above): the model tests "
                "cannot run here; leave them out with MODEL_TESTS=false."
            )


def pytest_command() -> list[str]:
    selected = LEFT_OUT if is_on("MODEL_TESTS", default="true") else f"{LEFT_OUT} and not model"
    # More than two cores: half of the tests wait for a time-out, a process or a model.
    processes = "3" if (os.cpu_count() or 1) < 8 else "4"
    # One group for all tests of the served model: a second server would not fit beside it.
    spread = ["-p", "tests.grouping", "-n", processes, "--dist", "loadgroup"]
    return [sys.executable, "-m", "pytest", "-m", selected, *spread, *sys.argv[1:]]


def main() -> int:
    try:
        prepare_programs()
        prepare_identity_providers()
        prepare_extension()
        prepare_models()
    except NotPrepared as exc:
        say(str(exc))
        return 1
    return subprocess.run(pytest_command(), check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
