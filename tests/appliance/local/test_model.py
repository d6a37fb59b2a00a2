"""The model's program says what it is at, and gives up with a reason instead of trying for ever."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from appliance.local.leftovers import end_orphaned_engines
from appliance.local.model import (
    CONVERT,
    FETCH,
    INSTALL,
    ModelState,
    preparations,
    prepare,
    read_state,
    write_state,
)


def state() -> ModelState:
    return ModelState(step="", since=time.time())


def test_the_small_model_is_fetched_and_converted() -> None:
    steps = preparations("/cache", "small")
    assert list(steps) == [INSTALL, FETCH, CONVERT]
    assert all("/cache" in command for command in steps.values())


def test_a_model_folder_needs_only_the_server() -> None:
    assert list(preparations("/cache", "/models/mine")) == [INSTALL]


def test_steps_that_end_well_leave_their_seconds(tmp_path: Path) -> None:
    now = state()
    assert prepare(tmp_path / "model.json", now, {"one": ("true",), "two": ("true",)})
    assert list(now.seconds) == ["one", "two"]
    assert now.problem == ""


def test_a_step_that_fails_says_why_and_ends_the_preparation(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    failing = ("sh", "-c", "echo trying; echo 'no package index answers' >&2; exit 3")
    assert not prepare(file, state(), {"one": failing, "two": ("touch", str(tmp_path / "two"))})
    written = read_state(file)
    assert written is not None
    assert written.problem == "one: no package index answers"
    assert not (tmp_path / "two").exists()


def test_a_silent_failure_names_its_code(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    assert not prepare(file, state(), {"one": ("false",)})
    written = read_state(file)
    assert written is not None
    assert written.problem == "one: ended with code 1"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = ModelState("load", 1.5, {"install": 2.0}, "")
    write_state(tmp_path / "model.json", written)
    assert read_state(tmp_path / "model.json") == written


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"step": "x"}', '{"unknown": 1}', "\x00", '"text"']
)
def test_a_broken_state_file_is_no_state(tmp_path: Path, text: str) -> None:
    file = tmp_path / "model.json"
    file.write_text(text)
    assert read_state(file) is None


def test_no_state_file_is_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path / "model.json") is None


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[psutil.Popen, psutil.Process]]:
    """The head of a group, and a process that it started, named as vLLM names its engines."""
    words = "exec -a VLLM::EngineCore sleep 60 & wait"
    head = psutil.Popen(["bash", "-c", words], cwd=tmp_path, start_new_session=True)
    try:
        while not (found := head.children()) or found[0].cmdline()[:1] != ["VLLM::EngineCore"]:
            time.sleep(0.02)
        yield head, found[0]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(head.pid, signal.SIGKILL)
        head.wait()


def test_an_engine_whose_server_was_killed_is_ended(
    served: tuple[psutil.Popen, psutil.Process], tmp_path: Path
) -> None:
    """kill -9 of the server alone: what holds the memory would stay, and the next would not fit."""
    head, engine = served
    assert end_orphaned_engines(tmp_path) == 0
    head.kill()
    head.wait()
    assert end_orphaned_engines(tmp_path / "another checkout") == 0
    assert engine.is_running()
    assert end_orphaned_engines(tmp_path) == 1
    assert not psutil.pid_exists(engine.pid) or engine.status() == psutil.STATUS_ZOMBIE
