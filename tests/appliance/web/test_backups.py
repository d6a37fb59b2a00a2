"""A backup brings back what was there, and a damaged one is refused before anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from indexer.models import Chunk, Source
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def test_a_restore_brings_back_what_was_removed(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    chunks = Chunk.objects.count()
    call_command("backup", tmp_path / "backup")
    Source.objects.all().delete()
    call_command("restore", tmp_path / "backup")
    assert list(Source.objects.values_list("name", flat=True)) == ["shop"]
    assert Chunk.objects.count() == chunks > 0


def test_sources_that_are_there_are_replaced_only_when_asked(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    call_command("backup", tmp_path / "backup")
    with pytest.raises(CommandError, match="Add --yes"):
        call_command("restore", tmp_path / "backup")


def test_a_damaged_backup_is_refused_and_nothing_changes(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    call_command("backup", tmp_path / "backup")
    with (tmp_path / "backup" / "database.dump").open("ab") as dump:
        dump.write(b"x")
    with pytest.raises(CommandError, match="not what the manifest names"):
        call_command("restore", tmp_path / "backup", yes=True)
    assert Source.objects.count() == 1


def test_a_backup_never_overwrites_a_folder(db: None, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_without_a_backup_is_named(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no finished backup"):
        call_command("restore", tmp_path)


def test_no_secret_stands_in_a_backup(
    source_factory: SourceFactory, tmp_path: Path, settings: Settings
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    call_command("backup", tmp_path / "backup")
    content = b"".join(path.read_bytes() for path in (tmp_path / "backup").iterdir())
    assert settings.SECRET_KEY.encode() not in content
