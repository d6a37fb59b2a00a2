"""Which repository a start connects: the default once, a named one whenever it is new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.local import connecting
from appliance.local.choices import Choices, Model, ModelKind, Repository
from appliance.local.home import Home, home_from, make_folders

OWN = Repository("/srv/plumbline", "plumbline")
NAMED = Repository("https://git.example.com/tide.git", "tide")
DEFAULT = Choices(Model(ModelKind.NONE), OWN, False, 8000, "127.0.0.1", False)
ASKED = replace(DEFAULT, repository=NAMED, is_repository_asked_for=True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = home_from({"PLUMBLINE_HOME": str(tmp_path)})
    make_folders(home)
    return home


def test_the_first_start_connects_the_default(home: Home) -> None:
    assert connecting.repository_to_connect(home, DEFAULT) == OWN


def test_the_second_start_connects_nothing(home: Home) -> None:
    connecting.remember(home, OWN)
    assert connecting.repository_to_connect(home, DEFAULT) is None


def test_a_default_that_moved_is_not_connected_again(home: Home) -> None:
    connecting.remember(home, replace(OWN, location="/srv/old"))
    assert connecting.repository_to_connect(home, DEFAULT) is None


def test_a_named_repository_is_connected_later_too_but_once(home: Home) -> None:
    connecting.remember(home, OWN)
    assert connecting.repository_to_connect(home, ASKED) == NAMED
    connecting.remember(home, NAMED)
    assert connecting.repository_to_connect(home, ASKED) is None


@pytest.mark.parametrize("text", ["", "{", "3", "null"])
def test_a_broken_record_counts_as_none(home: Home, text: str) -> None:
    connecting.record(home).write_text(text)
    assert connecting.repository_to_connect(home, DEFAULT) == OWN
