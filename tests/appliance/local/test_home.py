"""The data folder: closed to others, and never started twice."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from appliance.local import home as homes
from appliance.local.home import Home, HomeInUse, UnsafeFolder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = homes.home_from({"PLUMBLINE_HOME": str(tmp_path / "home")})
    homes.make_folders(home)
    return home


def test_only_the_owner_reads_the_settings(home: Home) -> None:
    homes.write_settings(home.settings_file, {"PLUMBLINE_SECRET_KEY": "x"})
    assert mode(home.settings_file) == 0o600


def test_others_cannot_enter_the_data_folder(home: Home) -> None:
    for folder in (home.folder, home.sockets, home.logs):
        assert mode(folder) & 0o007 == 0


def test_a_new_start_replaces_its_settings_and_keeps_those_of_the_operator(home: Home) -> None:
    file = home.settings_file
    homes.write_settings(file, {"PLUMBLINE_CHAT_URL": "none", "PLUMBLINE_PROMPT_TOKENS": "2600"})
    file.write_text("PLUMBLINE_TIME_ZONE=Europe/Vienna\n" + file.read_text())
    homes.write_settings(file, {"PLUMBLINE_CHAT_URL": "http://127.0.0.1:1"})
    assert homes.read_settings(file) == {
        "PLUMBLINE_TIME_ZONE": "Europe/Vienna",
        "PLUMBLINE_CHAT_URL": "http://127.0.0.1:1",
    }


def test_the_operator_wins(home: Home) -> None:
    homes.write_settings(home.settings_file, {"PLUMBLINE_PROMPT_TOKENS": "2600"})
    file = home.settings_file
    file.write_text("PLUMBLINE_PROMPT_TOKENS=900\n" + file.read_text())
    assert homes.read_settings(file)["PLUMBLINE_PROMPT_TOKENS"] == "900"


def test_the_secret_key_stays(home: Home) -> None:
    first = homes.secret_key({})
    assert len(first) >= 50
    assert homes.secret_key({"PLUMBLINE_SECRET_KEY": first}) == first
    assert homes.secret_key({}) != first


def test_sockets_lie_in_the_data_folder(tmp_path: Path) -> None:
    assert homes.sockets_folder(Path("/srv/p"), tmp_path) == Path("/srv/p/run")


def test_a_long_path_moves_the_sockets_to_a_short_one(tmp_path: Path) -> None:
    long = Path("/srv") / ("deep" * 25)
    first = homes.sockets_folder(long, Path("/run/user/1000"))
    assert first.parent == Path("/run/user/1000")
    assert len(str(first / homes.LONGEST_SOCKET)) <= homes.SOCKET_PATH_BYTES
    assert first == homes.sockets_folder(long, Path("/run/user/1000"))
    assert first != homes.sockets_folder(long / "er", Path("/run/user/1000"))


def test_the_length_counts_bytes_not_letters(tmp_path: Path) -> None:
    folder = Path("/srv") / ("ü" * 40)
    assert homes.sockets_folder(folder, tmp_path).parent == tmp_path


def test_a_folder_that_somebody_put_there_first_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "sockets").symlink_to(elsewhere)
    with pytest.raises(UnsafeFolder):
        homes.make_private(tmp_path / "sockets", 0o700)


def test_two_starts_at_once_are_one_too_many(home: Home) -> None:
    with (
        homes.starting(home),
        pytest.raises(HomeInUse, match="already runs on"),
        homes.starting(home),
    ):
        pass


def test_the_lock_ends_with_the_start(home: Home) -> None:
    with homes.starting(home):
        pass
    with homes.starting(home):
        pass
