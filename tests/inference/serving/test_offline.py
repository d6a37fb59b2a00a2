"""Without any network the model side starts from what lies on the machine, or says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inference.packages import MINILM
from tests.inference.serving.models import make_model
from tests.processes import ROOT

pytestmark = pytest.mark.timeout(600)
HANGS_S = 300  # no end of its own in so long: it waits for a network
ALONE = ("unshare", "--map-root-user", "--net")
# Stands for the interpreter with vLLM in it: it says how it was started.
STARTED = '#!/bin/sh\necho "started with $HF_HUB_OFFLINE: $*"\n'


@pytest.fixture
def alone() -> tuple[str, ...]:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    if subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no network namespaces")
    return ALONE


def serving(alone: tuple[str, ...], *words: str | Path) -> tuple[int, str]:
    """Run a step without network; return its exit code and what it said."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PIP_")}
    index = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "https://index.invalid/simple"}
    ended = subprocess.run(
        [*alone, sys.executable, "-W", "ignore", "-m", "inference.serving", *words],
        check=False,
        cwd=ROOT,
        env={**kept, **index, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANGS_S,
    )
    return ended.returncode, ended.stdout


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STARTED)
    python.chmod(0o755)
    return tmp_path / "env"


def test_e12_a_server_starts_from_the_files_of_the_machine(
    alone: tuple[str, ...], environment: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "model", "qwen2.5-coder-0.5b")
    code, said = serving(
        alone, "launch", "--profile", "cpu-small", "--port", "8101",
        "--env", environment, "--model", model,
    )  # fmt: skip
    assert "started with 1:" in said, said
    assert str(model) in said
    assert code == 0


def test_e12_without_a_model_it_says_which_file_is_missing(
    alone: tuple[str, ...], environment: Path, tmp_path: Path
) -> None:
    code, said = serving(
        alone, "launch", "--profile", "cpu-small", "--port", "8101",
        "--env", environment, "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert code != 0
    assert "config.json is missing" in said
    assert "Traceback" not in said


@pytest.mark.slow  # pip tries an index five times
def test_e12_what_would_have_to_be_fetched_is_named_and_not_waited_for(
    alone: tuple[str, ...], tmp_path: Path
) -> None:
    code, said = serving(alone, "fetch", MINILM, "--cache", tmp_path / "cache")
    assert code != 0
    assert "could not be downloaded" in said
    assert "Traceback" not in said
