"""A backup brings back what was there, and a damaged one is refused before anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from indexer.models import Chunk, Source
from tests.conftest import SourceFactory

# Gives tables, sequences and functions to a role, and leaves pgvector's to who installed it.
TO_KEEPER = """
SELECT format('ALTER %s public.%I OWNER TO keeper',
              CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relname)
  FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
   AND NOT EXISTS (SELECT FROM pg_depend
                    WHERE objid = pg_class.oid AND deptype IN ('a', 'i') AND relkind = 'S')
UNION ALL
SELECT format('ALTER FUNCTION %s OWNER TO keeper', oid::regprocedure)
  FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""

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


def test_a_role_that_does_not_own_the_extensions_restores(
    source_factory: SourceFactory, tmp_path: Path, settings: Settings
) -> None:
    """As `make run` and servers have it: a superuser installs pgvector, another role owns the tables."""
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    call_command("backup", tmp_path / "backup")
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS keeper")
        cursor.execute("CREATE ROLE keeper LOGIN")
        cursor.execute(f"GRANT ALL ON DATABASE {connection.settings_dict['NAME']} TO keeper")
        cursor.execute("GRANT ALL ON SCHEMA public TO keeper")
        cursor.execute(TO_KEEPER)
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
    user = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = "keeper"
    try:
        Source.objects.all().delete()
        call_command("restore", tmp_path / "backup")
        assert list(Source.objects.values_list("name", flat=True)) == ["shop"]
    finally:
        connection.close()
        connection.settings_dict["USER"] = user
        with connection.cursor() as cursor:
            cursor.execute("REASSIGN OWNED BY keeper TO CURRENT_USER")
            cursor.execute("DROP OWNED BY keeper")
            cursor.execute("DROP ROLE keeper")


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
