"""MODEL, REPO, PORT: what each spelling means, and the sentence for one that means nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.local import choices
from appliance.local.choices import Model, ModelKind, WrongChoice


def test_the_small_model_is_the_default(tmp_path: Path) -> None:
    chosen = choices.choices_from({}, tmp_path)
    assert chosen.model == Model(ModelKind.SMALL)
    assert (chosen.port, chosen.bind, chosen.repository) == (8000, "127.0.0.1", None)


def test_an_empty_value_is_no_choice(tmp_path: Path) -> None:
    assert choices.choices_from({"MODEL": "", "PORT": "", "REPO": ""}, tmp_path).port == 8000


def test_none_serves_nothing() -> None:
    assert choices.model_from("none") == Model(ModelKind.NONE)
    assert not choices.model_from("none").is_served_here


@pytest.mark.parametrize("url", ["http://gpu:8000", "http://gpu:8000/", "http://gpu:8000/v1/"])
def test_an_address_is_a_server_with_or_without_v1(url: str) -> None:
    assert choices.model_from(url) == Model(ModelKind.SERVER, "http://gpu:8000")


def test_a_model_folder_is_served_here(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert choices.model_from(str(tmp_path)) == Model(ModelKind.FOLDER, str(tmp_path))
    assert choices.model_from(str(tmp_path)).is_served_here


@pytest.mark.parametrize("text", ["large", "/not/there", "ftp://gpu/model", "http://", "None"])
def test_any_other_model_is_refused_with_the_choices(text: str) -> None:
    with pytest.raises(WrongChoice, match=f"^MODEL={text}: "):
        choices.model_from(text)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongChoice, match=r"config\.json"):
        choices.model_from(str(tmp_path))


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "8000.0", "²"])
def test_a_wrong_port_is_refused(text: str) -> None:
    with pytest.raises(WrongChoice, match="from 1 to 65535"):
        choices.port_from(text)


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("https://git.example.com/team/tide-watch.git", "tide-watch"),
        ("https://git.example.com/team/tide/", "tide"),
        ("git@git.example.com:team/tide.git", "tide"),
        ("ssh://git@git.example.com/über code.git", "ber-code"),
    ],
)
def test_an_address_gives_a_name(location: str, name: str) -> None:
    repository = choices.repository_from(location)
    assert (repository.location, repository.name) == (location, name)


def test_a_bundle_is_called_after_its_file(tmp_path: Path) -> None:
    bundle = tmp_path / "click.bundle"
    bundle.touch()
    repository = choices.repository_from(str(bundle))
    assert (repository.name, repository.location) == ("click", str(bundle))


@pytest.mark.parametrize("text", ["/not/there", "nowhere", "-oProxyCommand=x"])
def test_what_is_no_repository_is_refused(text: str) -> None:
    with pytest.raises(WrongChoice, match=r"^REPO="):
        choices.repository_from(text)


def test_a_name_never_begins_with_a_dash_or_dot() -> None:
    assert choices.name_from("--upload-pack=x.git") == "upload-pack-x"
    assert choices.name_from("..") == "repository"


def test_this_checkout_is_connected_only_with_its_history(tmp_path: Path) -> None:
    assert choices.own_repository(tmp_path) is None
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "Begin"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *command], check=True)
    own = choices.own_repository(tmp_path)
    assert own is not None
    assert own.location == str(tmp_path)
