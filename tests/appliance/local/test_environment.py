"""The environment is installed once, and `make run` never uninstalls what `make test` needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.local import environment


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own: these functions are about the one that they lie in."""
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    for name in ("product", "dev", "uv"):
        (requirements / f"{name}.txt").write_text(f"{name}==1\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    monkeypatch.setattr(environment, "REQUIREMENTS", requirements)
    monkeypatch.setattr(environment, "UV_REQUIREMENTS", requirements / "uv.txt")
    monkeypatch.setattr(environment, "FOLDER", tmp_path / ".venv")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return tmp_path


def installed(name: str) -> None:
    environment.stamp_file(name).write_text(environment.fingerprint(name))


def test_nothing_is_current_before_the_first_installation() -> None:
    assert not environment.is_current("product")


def test_what_was_installed_is_current() -> None:
    installed("product")
    assert environment.is_current("product")


@pytest.mark.parametrize("name", ["product", "uv"])
def test_other_requirements_are_not_current(checkout: Path, name: str) -> None:
    installed("product")
    (checkout / "requirements" / f"{name}.txt").write_text(f"{name}==2\n")
    assert not environment.is_current("product")


def test_dev_stays_once_it_was_asked_for() -> None:
    assert environment.choose("product") == "product"
    installed("dev")
    assert environment.choose("product") == "dev"


def test_uv_installs_from_the_index_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.com/simple")
    assert environment.index_of_pip() == {"UV_DEFAULT_INDEX": "https://packages.example.com/simple"}


def test_an_index_of_uv_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.com/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://other.example.com/simple")
    assert environment.index_of_pip() == {}
