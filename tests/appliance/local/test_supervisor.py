"""The process manager's settings, read back by the process manager itself."""

from __future__ import annotations

import configparser
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from appliance.local import programs as local_programs
from appliance.local.choices import Choices, Model, ModelKind
from appliance.local.home import Home, home_from, make_folders
from appliance.local.programs import Program
from appliance.local.supervisor import Manager, ManagerUnreachable, control_file

CHOICES = Choices(Model(ModelKind.NONE), None, False, 8101, "127.0.0.1", False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = home_from({"PLUMBLINE_HOME": str(tmp_path / "a b")})
    make_folders(home)
    return home


def programs(home: Home, model: Model) -> list[Program]:
    choices = replace(CHOICES, model=model)
    return local_programs.programs(home, choices, cache=home.folder, model_port=8102)


def read_by_supervisor(home: Home, listed: list[Program]) -> ServerOptions:
    home.control_file.write_text(control_file(home, listed))
    options = ServerOptions()
    options.realize(["-c", str(home.control_file)])
    return options


def test_supervisor_understands_every_program(home: Home) -> None:
    options = read_by_supervisor(home, programs(home, Model(ModelKind.SMALL)))
    groups = {group.name: group for group in options.process_group_configs}
    assert set(groups) == {"services", "application", "model"}
    assert [program.name for program in groups["services"].process_configs] == [
        "postgres",
        "valkey",
    ]
    assert all(
        not program.autostart and program.killasgroup
        for group in groups.values()
        for program in group.process_configs
    )


def test_services_stop_last(home: Home) -> None:
    options = read_by_supervisor(home, programs(home, Model(ModelKind.SMALL)))
    order = sorted(options.process_group_configs, key=lambda group: group.priority)
    assert [group.name for group in order] == ["services", "application", "model"]


@pytest.mark.parametrize("kind", [ModelKind.NONE, ModelKind.SERVER])
def test_no_model_is_served_here_unless_asked_for(home: Home, kind: ModelKind) -> None:
    assert "model" not in {program.name for program in programs(home, Model(kind, "http://gpu"))}


def test_arguments_arrive_as_they_are(home: Home) -> None:
    odd = ("/bin/echo", "two words", "100%", "it's", '"quoted"')
    options = read_by_supervisor(home, [Program("application", "odd", odd)])
    (program,) = options.process_group_configs[0].process_configs
    assert tuple(shlex.split(program.command)) == odd


def test_the_control_socket_is_private(home: Home) -> None:
    home.control_file.write_text(control_file(home, programs(home, Model(ModelKind.NONE))))
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read(home.control_file)
    assert parser["unix_http_server"]["chmod"] == "0700"
    assert "inet_http_server" not in parser


def test_without_a_manager_nothing_hangs(home: Home) -> None:
    manager = Manager(home.control_socket)
    assert not manager.is_running()
    with pytest.raises(ManagerUnreachable):
        manager.states()
