"""What local mode writes into the settings, from choices, environment and the last start."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from appliance.local import settings
from appliance.local.choices import Choices, Model, ModelKind, Repository
from appliance.local.home import Home, home_from, make_folders, write_settings
from inference.serving.profiles import get_profile


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = home_from({"PLUMBLINE_HOME": str(tmp_path)})
    make_folders(home)
    return home


def choose(
    model: Model, *, bind: str = "127.0.0.1", repository: Repository | None = None
) -> Choices:
    return Choices(
        model=model,
        repository=repository,
        is_repository_asked_for=False,
        port=8000,
        bind=bind,
        wait_for_model=False,
    )


def written(home: Home, choices: Choices, **environ: str) -> dict[str, str]:
    return settings.settings_for(home, choices, model_port=8101, environ=environ)


@pytest.mark.parametrize(
    ("model", "url"),
    [
        (Model(ModelKind.NONE), "none"),
        (Model(ModelKind.SMALL), "http://127.0.0.1:8101"),
        (Model(ModelKind.FOLDER, "/models/x"), "http://127.0.0.1:8101"),
        (Model(ModelKind.SERVER, "http://gpu:8000"), "http://gpu:8000"),
    ],
)
def test_the_model_decides_the_address(home: Home, model: Model, url: str) -> None:
    assert written(home, choose(model))["PLUMBLINE_CHAT_URL"] == url


def test_only_the_small_model_gets_a_small_budget(home: Home) -> None:
    small = written(home, choose(Model(ModelKind.SMALL)))
    assert int(small["PLUMBLINE_PROMPT_TOKENS"]) < 4000
    assert "PLUMBLINE_PROMPT_TOKENS" not in written(home, choose(Model(ModelKind.NONE)))


def test_the_small_model_gets_as_many_slots_as_its_profile_has(home: Home) -> None:
    small = written(home, choose(Model(ModelKind.SMALL)))
    assert small["PLUMBLINE_ANSWERS_AT_ONCE"] == str(get_profile("cpu-small").max_sequences)
    assert "PLUMBLINE_ANSWERS_AT_ONCE" not in written(home, choose(Model(ModelKind.NONE)))


@pytest.mark.parametrize(
    ("model", "priorities"),
    [
        (Model(ModelKind.SMALL), "true"),
        (Model(ModelKind.FOLDER, "/models/x"), "true"),
        (Model(ModelKind.SERVER, "http://gpu:8000"), None),
        (Model(ModelKind.NONE), None),
    ],
)
def test_only_a_server_that_we_start_is_known_to_have_priorities(
    home: Home, model: Model, priorities: str | None
) -> None:
    assert written(home, choose(model)).get("PLUMBLINE_CHAT_PRIORITIES") == priorities


def test_what_the_person_set_is_kept_but_not_the_services(home: Home) -> None:
    values = written(
        home,
        choose(Model(ModelKind.SMALL)),
        PLUMBLINE_PROMPT_TOKENS="900",
        PLUMBLINE_DATABASE_URL="postgresql://elsewhere/x",
        PATH="/bin",
    )
    assert values["PLUMBLINE_PROMPT_TOKENS"] == "900"
    assert str(home.database_sockets) in values["PLUMBLINE_DATABASE_URL"]
    assert "PATH" not in values


def test_a_value_of_two_lines_cannot_add_a_setting(home: Home) -> None:
    values = written(
        home, choose(Model(ModelKind.NONE)), PLUMBLINE_TIME_ZONE="UTC\nPLUMBLINE_DEBUG=true"
    )
    assert "PLUMBLINE_TIME_ZONE" not in values


def test_only_loopback_names_are_served_by_default(home: Home) -> None:
    values = written(home, choose(Model(ModelKind.NONE)))
    assert values["PLUMBLINE_HOSTS"] == "localhost,127.0.0.1,[::1]"


def test_a_wider_bind_serves_this_machine_under_its_names(home: Home) -> None:
    values = written(home, choose(Model(ModelKind.NONE), bind="0.0.0.0"))  # noqa: S104 - nothing binds
    hosts = values["PLUMBLINE_HOSTS"].split(",")
    assert socket.gethostname() in hosts
    assert "*" not in hosts


def test_the_port_of_the_last_start_is_taken_again(home: Home) -> None:
    first = settings.model_port(home)
    write_settings(home.settings_file, {"PLUMBLINE_CHAT_URL": f"http://127.0.0.1:{first}"})
    assert settings.model_port(home) == first


def test_a_taken_port_gives_way(home: Home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        write_settings(home.settings_file, {"PLUMBLINE_CHAT_URL": f"http://127.0.0.1:{taken}"})
        assert settings.model_port(home) != taken
