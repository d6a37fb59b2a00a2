"""`make test`: everything that CI runs, in one pytest run, after preparing what the tests need.

The browser tests need Chromium, the model tests vLLM and the small model (MODEL_TESTS=false leaves
these out). The last line printed is pytest's own summary.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from inference.packages import MINILM, SMALL_MODEL_GGUF

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
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


def install_browser() -> None:
    """Install Chromium where that needs nobody's password; elsewhere do nothing."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return
    say("Installing Chromium for the browser tests")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-qq", *command], check=False, env=environment, stdout=2)


def prepare_browser() -> None:
    if find_browser() is None:
        install_browser()
    path = find_browser()
    if path:
        os.environ["CHROMIUM"] = path
        return
    sentence = "The browser tests need Chromium: install it, or name it with CHROMIUM=/path/to/it."
    if is_on("CI", default="false"):
        raise NotPrepared(sentence)
    say(f"{sentence} They are skipped.")


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
    processes = "2" if (os.cpu_count() or 1) < 8 else "4"
    # One group for all tests of the served model: a second server would not fit beside it.
    spread = ["-p", "tests.grouping", "-n", processes, "--dist", "loadgroup"]
    return [sys.executable, "-m", "pytest", "-m", selected, *spread, *sys.argv[1:]]


def main() -> int:
    try:
        prepare_browser()
        prepare_models()
    except NotPrepared as exc:
        say(str(exc))
        return 1
    return subprocess.run(pytest_command(), check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
