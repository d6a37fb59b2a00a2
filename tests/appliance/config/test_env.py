"""Settings from the environment: wrong values stop the start and say what to write."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from appliance.config.env import (
    SettingError,
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_networks,
    env_path,
    env_secret,
    env_text,
    env_texts,
    load_env_file,
)
from appliance.config.settings import database_from_url
from tests.processes import MANAGE

NAME = "PLUMBLINE_TESTED"


@pytest.mark.parametrize("value", ["True", "1", "yes", "", " true"])
def test_a_switch_is_true_or_false(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(SettingError, match="write true or false"):
        env_bool(NAME, default=False)


def test_switches_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env_bool(NAME, default=True)
    monkeypatch.setenv(NAME, "false")
    assert not env_bool(NAME, default=True)
    monkeypatch.setenv(NAME, "true")
    assert env_bool(NAME, default=False)


@pytest.mark.parametrize("value", ["", "ten", "1.5", "0x10", "-1"])
def test_a_number_is_whole_and_not_too_small(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(SettingError, match=NAME):
        env_int(NAME, default=5)


def test_a_choice_is_one_of_those_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "c")
    with pytest.raises(SettingError, match="write one of a, b"):
        env_choice(NAME, choices={"a", "b"}, default="a")


@pytest.mark.parametrize(
    ("value", "text"),
    [("", ""), ("Query:", "Query:"), ('"Query: "', "Query: "), ('"a\\nb"', "a\nb")],
)
def test_a_text_in_quotes_keeps_blanks_and_new_lines(
    monkeypatch: pytest.MonkeyPatch, value: str, text: str
) -> None:
    monkeypatch.setenv(NAME, value)
    assert env_text(NAME) == text


def test_a_text_with_one_quote_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, '"Query: ')
    with pytest.raises(SettingError, match="not a string in double quotes"):
        env_text(NAME)


def test_a_list_leaves_empty_entries_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " a, ,b,")
    assert env_list(NAME) == ["a", "b"]


@pytest.mark.parametrize("value", ["ten", "10.0.0.0/33", "10.0.0.1/8", "git.example.com"])
def test_a_network_is_checked_at_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, f"192.168.0.0/16,{value}")
    with pytest.raises(SettingError, match="networks such as"):
        env_networks(NAME)


def test_a_path_is_absolute_and_knows_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "~/data")
    assert env_path(NAME, default=Path("x")) == (Path.home() / "data").resolve()


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    monkeypatch.setenv(NAME, "from the environment")
    assert env_secret(NAME) == "from the file"
    monkeypatch.delenv(f"{NAME}_FILE")
    assert env_secret(NAME) == "from the environment"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_secret_file_that_holds_no_secret_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    monkeypatch.setenv(NAME, "not this one")
    with pytest.raises(SettingError, match=f"{NAME}_FILE="):
        env_secret(NAME)


def test_a_secret_that_is_not_needed_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env_secret(NAME, default="") == ""
    monkeypatch.setenv(NAME, "set")
    assert env_secret(NAME, default="") == "set"


def test_a_missing_secret_stops_the_start() -> None:
    with pytest.raises(SettingError, match=f"set {NAME} or {NAME}_FILE"):
        env_secret(NAME)


def test_the_file_of_settings_fills_in_what_is_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(NAME, "environment")
    monkeypatch.setenv("PLUMBLINE_OTHER", "to be removed again")
    monkeypatch.delenv("PLUMBLINE_OTHER")
    file = tmp_path / "settings.env"
    file.write_text(f"# comment\n\n  # another\n{NAME}=file\nPLUMBLINE_OTHER = a=b \n")
    load_env_file(file)
    assert os.environ[NAME] == "environment"
    assert os.environ["PLUMBLINE_OTHER"] == "a=b"


def test_a_missing_file_of_settings_is_none(tmp_path: Path) -> None:
    load_env_file(tmp_path / "none.env")


@pytest.mark.parametrize("content", [b"A=1\nno equals sign\n", b"A=\xff\n"])
def test_a_wrong_file_of_settings_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    monkeypatch.setenv("A", "kept")
    file = tmp_path / "settings.env"
    file.write_bytes(content)
    with pytest.raises(SettingError, match=r"settings\.env(, line 2)?: "):
        load_env_file(file)


def test_the_database_may_be_behind_a_socket_or_a_port() -> None:
    behind_socket = database_from_url("postgresql://me@/plumb?host=/run/postgresql")
    assert (behind_socket["HOST"], behind_socket["NAME"]) == ("/run/postgresql", "plumb")
    behind_port = database_from_url("postgres://me:p%40ss@db.example.com:5433/")
    assert (behind_port["HOST"], behind_port["PORT"]) == ("db.example.com", "5433")
    assert (behind_port["PASSWORD"], behind_port["NAME"]) == ("p@ss", "plumbline")


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "plumbline", "postgresql://me:hush@h:port/x", "postgresql://hush@[x/y"]
)
def test_a_wrong_database_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingError, match="PLUMBLINE_DATABASE_URL") as caught:
        database_from_url(url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLUMBLINE_DEBUG", "False"),
        ("PLUMBLINE_GIT_TIME_LIMIT_S", "0"),
        ("PLUMBLINE_GIT_NETWORKS", "everything"),
        ("PLUMBLINE_EMBEDDING", "word2vec"),
        ("PLUMBLINE_EMBEDDING", "server"),
        ("PLUMBLINE_SECRET_KEY_FILE", "/nonexistent"),
    ],
)
def test_a_wrong_setting_stops_the_command_line_with_one_sentence(
    tmp_path: Path, name: str, value: str
) -> None:
    done = subprocess.run(
        [*MANAGE, "search", "text"],
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "appliance.config.settings", "PLUMBLINE_HOME": str(tmp_path)}
        | {name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_texts_by_name_are_a_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env_texts(NAME) == {}
    monkeypatch.setenv(NAME, '{"shop": "make test"}')
    assert env_texts(NAME) == {"shop": "make test"}


@pytest.mark.parametrize("value", ["", "make test", '["a"]', '{"shop": 1}', '{"shop": null}', "{"])
def test_anything_else_is_no_json_object_of_texts(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(SettingError, match=NAME):
        env_texts(NAME)


@pytest.mark.parametrize("folder", ["/", "{home}", "{home}/mirrors"])
def test_the_sandbox_is_never_shown_the_data_folder(folder: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = subprocess.run(
        [*MANAGE, "check"],
        env={
            **os.environ,
            "PLUMBLINE_HOME": str(home),
            "PLUMBLINE_SANDBOX_FOLDERS": folder.format(home=home),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "would show the data folder" in done.stderr
