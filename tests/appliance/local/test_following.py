"""The foreground says what changes: a program that fell, one that is back, the model's steps."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from appliance.local.choices import Choices, Model, ModelKind
from appliance.local.following import Follower
from appliance.local.home import home_from, make_folders
from appliance.local.model import CONVERT, ModelState, write_state
from appliance.local.progress import Progress
from appliance.local.starting import Running
from appliance.local.supervisor import Manager, ProgramState

UP = ProgramState("worker", "RUNNING", 11, "pid 11, uptime 0:00:10")


@pytest.fixture
def follower(tmp_path: Path) -> Follower:
    home = home_from({"PLUMBLINE_HOME": str(tmp_path)})
    make_folders(home)
    home.log_of("worker").write_text("Loading\nOut of memory\n")
    choices = Choices(Model(ModelKind.SMALL), None, False, 8101, "127.0.0.1", False)
    manager = Manager(home.control_socket)
    running = Running(home, choices, manager, [], "http://127.0.0.1:9", "secret-word", "")
    return Follower(running, Progress(Console(file=io.StringIO(), soft_wrap=True)))


def shown(follower: Follower) -> str:
    file = follower.progress.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_what_keeps_running_is_not_mentioned(follower: Follower) -> None:
    follower.look_at(UP)
    follower.look_at(UP)
    assert shown(follower) == ""


def test_a_fallen_program_shows_the_end_of_its_log_once(follower: Follower) -> None:
    follower.look_at(UP)
    down = replace(UP, state="BACKOFF", pid=0, problem="Exited too quickly")
    follower.look_at(down)
    follower.look_at(down)
    assert shown(follower).count("Out of memory") == 1
    assert "worker: Exited too quickly" in shown(follower)


def test_a_program_that_is_back_is_told(follower: Follower) -> None:
    follower.look_at(replace(UP, state="BACKOFF", pid=0))
    follower.look_at(UP)
    assert "worker runs again." in shown(follower)


def test_a_restart_between_two_looks_is_seen_by_its_process_id(follower: Follower) -> None:
    follower.look_at(UP)
    follower.look_at(replace(UP, pid=12))
    assert "worker ended and was started again" in shown(follower)


def test_a_model_that_gave_up_says_why_once(follower: Follower) -> None:
    state = ModelState(CONVERT, time.time(), {}, "Model conversion: the disk is full")
    write_state(follower.running.home.model_state_file, state)
    up = replace(UP, name="model")
    for seen in (up, replace(up, state="EXITED", pid=0), replace(up, state="EXITED", pid=0)):
        follower.look_at(seen)
    assert shown(follower).count("the disk is full") == 1


def test_each_step_of_the_model_is_told_once_and_long_ones_again(follower: Follower) -> None:
    follower.tell_model_step(ModelState(CONVERT, time.time()))
    follower.tell_model_step(ModelState(CONVERT, time.time() - 30))
    follower.tell_model_step(ModelState(CONVERT, time.time() - 75))
    assert shown(follower).splitlines() == [
        "  Model conversion ...",
        "  Model conversion: 75 s so far",
    ]


def test_a_first_start_shows_the_password_and_a_later_one_where_it_is(follower: Follower) -> None:
    follower.welcome()
    assert "secret-word" in shown(follower)
    follower.running = replace(follower.running, new_password="")
    follower.welcome()
    assert shown(follower).count("secret-word") == 1
    assert shown(follower).count(str(follower.running.home.password_file)) == 2


def test_the_account_of_the_start_is_kept(follower: Follower) -> None:
    with follower.progress.step("Tables"):
        pass
    follower.mark("search")
    kept = follower.running.home.timings_file.read_text()
    assert '"Tables"' in kept
    assert '"search"' in kept
