"""A backup brings back what was there, and a damaged one is refused before anything changes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import IO

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.audit.verifying import verify as verify_audit
from appliance.sources.access import names_in, scope_of
from appliance.sources.models import Grant
from appliance.web.backups import archive, postgres
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.identities import make_identity
from appliance.web.management.commands import restore
from indexer.models import Chunk, Source
from indexer.retrieval.search import search
from tests.conftest import SourceFactory

TO_KEEPER = """
SELECT format('ALTER %s public.%I OWNER TO keeper',
              CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relname)
  FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S')
   AND NOT EXISTS (SELECT FROM pg_depend
                    WHERE objid = pg_class.oid AND deptype IN ('a', 'i') AND relkind = 'S')
UNION ALL
SELECT format('ALTER FUNCTION %s OWNER TO keeper', oid::regprocedure)
  FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def test_h01_a_restore_brings_back_what_was_removed(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    chunks = Chunk.objects.count()
    call_command("backup", tmp_path / "a.backup")
    Source.objects.all().delete()
    call_command("restore", tmp_path / "a.backup")
    assert list(Source.objects.values_list("name", flat=True)) == ["shop"]
    assert Chunk.objects.count() == chunks > 0


def test_h01_who_may_read_what_and_the_record_come_back_with_it(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    """Of two people and two sources each finds what was found before, and the audit is whole."""
    source_factory("shop", {"cart.py": "def total_of_cart():\n    return 1\n"}, grant="sellers")
    source_factory("till", {"coin.py": "def count_of_coins():\n    return 2\n"}, grant="payers")
    people = [User.objects.create_user(name) for name in ("seller", "payer")]
    for person in people:
        person.groups.add(Group.objects.get(name=f"{person.username}s"))
    before = [_found(person) for person in people]
    assert [sources for sources, _ in before] == [["shop"], ["till"]]
    call_command("backup", tmp_path / "a.backup")
    Grant.objects.all().delete()
    Source.objects.filter(name="till").delete()
    User.objects.all().delete()
    call_command("restore", tmp_path / "a.backup", yes=True)
    assert [_found(User.objects.get(username=one.username)) for one in people] == before
    assert verify_audit().problem is None


def _found(person: User) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return the sources that somebody may read, and what a search finds for them, with its commit."""
    scope = scope_of(person)
    hits = search("total count cart coins", scope=scope, limit=10).hits
    return names_in(scope), [(hit.source, hit.path, hit.commit) for hit in hits]


def test_a_role_that_does_not_own_the_extensions_restores(
    source_factory: SourceFactory, tmp_path: Path, settings: Settings
) -> None:
    """As `make run` and servers have it: a superuser installs pgvector, another role owns the tables."""
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    call_command("backup", tmp_path / "a.backup")
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
        call_command("restore", tmp_path / "a.backup")
        assert list(Source.objects.values_list("name", flat=True)) == ["shop"]
    finally:
        connection.close()
        connection.settings_dict["USER"] = user
        with connection.cursor() as cursor:
            cursor.execute("REASSIGN OWNED BY keeper TO CURRENT_USER")
            cursor.execute("DROP OWNED BY keeper")
            cursor.execute("DROP ROLE keeper")


def test_what_came_to_the_tables_since_does_not_stand_in_the_way(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    """A rollback: the database is of a newer version than the backup."""
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    call_command("backup", tmp_path / "a.backup")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE newer (source_id bigint REFERENCES indexer_source (id))")
        cursor.execute("INSERT INTO newer SELECT id FROM indexer_source")
        cursor.execute("CREATE FUNCTION newer() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        cursor.execute("ALTER TABLE indexer_source ADD COLUMN newer int")
    call_command("restore", tmp_path / "a.backup", yes=True)
    assert list(Source.objects.values_list("name", flat=True)) == ["shop"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('newer'), to_regproc('newer')")
        assert cursor.fetchone() == (None, None)


def test_a_restore_that_fails_in_the_middle_changes_nothing(
    source_factory: SourceFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    call_command("backup", tmp_path / "a.backup")
    # Of our own: the emptying succeeds, and then a statement does not.
    monkeypatch.setattr(postgres, "EMPTY", postgres.EMPTY + "SELECT 1/0;")
    with pytest.raises(CommandError, match=r"could not be put back: .*division by zero"):
        call_command("restore", tmp_path / "a.backup", yes=True)
    assert Source.objects.count() == 1


def test_sources_that_are_there_are_replaced_only_when_asked(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    call_command("backup", tmp_path / "a.backup")
    with pytest.raises(CommandError, match="Add --yes"):
        call_command("restore", tmp_path / "a.backup")


def test_a_damaged_backup_is_refused_and_nothing_changes(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    """H03: cut off, one bit flipped, another file in its place, no manifest."""
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    file, harmed = tmp_path / "a.backup", tmp_path / "harmed.backup"
    call_command("backup", file)
    whole = file.read_bytes()
    middle = len(whole) // 3
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for content in (whole[:-100], whole[:middle], flipped, b"", b"PK\x03\x04", whole[1000:]):
        harmed.write_bytes(content)
        for command, options in (("restore", {"yes": True}), ("backup", {"verify": True})):
            with pytest.raises(
                CommandError, match=r"no finished backup|damaged|not what its manifest"
            ):
                call_command(command, harmed, **options)
    assert Source.objects.count() == 1


def test_any_damage_is_told_in_a_sentence(db: None, tmp_path: Path) -> None:
    """One bit of each byte that says how the ZIP is built, and manifests that are none."""
    file, harmed = tmp_path / "a.backup", tmp_path / "harmed.backup"
    call_command("backup", file)
    whole = file.read_bytes()
    end = whole.rindex(b'{\n  "made_at"')
    for at in (*range(60), *range(end - 80, end), *range(len(whole) - 250, len(whole))):
        for bit in (1, 8, 128):
            harmed.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
            with suppress(BackupFailed):
                archive.verify(harmed)
    told = json.loads(zipfile.ZipFile(file).read(archive.MANIFEST))
    for manifest in (
        "[" * 100_000, "null", "7", "{}", json.dumps(told | {"signature": 7}),
        json.dumps(told | {"migrations": 7}), json.dumps(told | {"migrations": [7]}),
        json.dumps(told | {"recipients": [[]]}), json.dumps(told | {"made_at": None}),
    ):  # fmt: skip
        with zipfile.ZipFile(harmed, "w") as new:
            new.writestr(archive.MANIFEST, manifest)
        with pytest.raises(BackupFailed, match="is no finished backup"):
            archive.verify(harmed)


def test_a_dump_that_was_exchanged_with_its_manifest_is_not_signed(
    source_factory: SourceFactory, tmp_path: Path
) -> None:
    file = tmp_path / "a.backup"
    call_command("backup", file)
    assert archive.read_manifest(file).is_signed_here
    forged = tmp_path / "forged.backup"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(forged, "w") as new:
        told = json.loads(old.read(archive.MANIFEST)) | {"made_at": "2031-01-01T00:00:00+00:00"}
        new.writestr(archive.DUMP, old.read(archive.DUMP))
        new.writestr(archive.MANIFEST, json.dumps(told))
    output = StringIO()
    call_command("backup", forged, verify=True, stdout=output)
    assert "of another installation, or changed" in output.getvalue()
    source_factory("shop", {"a.py": "x = 1\n"})
    with pytest.raises(CommandError, match="No key of this installation's audit signed"):
        call_command("restore", forged, yes=True)
    assert Source.objects.count() == 1
    call_command("restore", forged, yes=True, unsigned=True)
    assert not Source.objects.exists()


def test_a_backup_that_is_exchanged_while_it_is_put_back_is_refused(
    source_factory: SourceFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at is what is put back: a folder on another machine has other writers."""
    file, other = tmp_path / "a.backup", tmp_path / "b.backup"
    call_command("backup", file)
    source_factory("shop", {"a.py": "x = 1\n"})
    call_command("backup", other)
    real = archive.read_manifest

    def exchanged(path: Path) -> archive.Manifest:
        manifest = real(path)
        path.write_bytes(other.read_bytes())
        return manifest

    # Of our own, because no test is as quick.
    monkeypatch.setattr(restore, "read_manifest", exchanged)
    with pytest.raises(CommandError, match="not what its manifest names"):
        call_command("restore", file, yes=True)
    assert Source.objects.count() == 1


def test_a_dump_gives_the_machine_no_order(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """psql runs what follows a backslash in the shell; what is restored holds nothing of the kind."""
    mark = tmp_path / "ran"
    room = "a" * 300
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON TABLE indexer_source IS '{room}'")
    real = postgres.dump

    @contextmanager
    def forged() -> Iterator[IO[bytes]]:
        with real() as dumped:
            content = dumped.read()
        evil = f"';\n\\! touch {mark}\n-- ".ljust(len(room), "x")
        assert room.encode() in content
        yield io.BytesIO(content.replace(room.encode(), evil.encode()))

    monkeypatch.setattr(postgres, "dump", forged)  # as who writes the file would have it
    call_command("backup", tmp_path / "a.backup")
    with suppress(CommandError):
        call_command("restore", tmp_path / "a.backup", yes=True)
    with connection.cursor() as cursor:
        cursor.execute("COMMENT ON TABLE indexer_source IS NULL")
    assert not mark.exists()


def test_who_still_works_holds_up_a_restore_for_a_while_and_nothing_changes(
    source_factory: SourceFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_factory("shop", {"a.py": "x = 1\n"})
    call_command("backup", tmp_path / "a.backup")
    monkeypatch.setattr(postgres, "BEGIN", postgres.BEGIN.replace("60s", "300ms"))
    working = connection.copy()
    working.set_autocommit(False)
    with working.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM indexer_source")
    try:
        with pytest.raises(CommandError, match=r"(?s)lock timeout.*Stop the services first"):
            call_command("restore", tmp_path / "a.backup", yes=True)
    finally:
        working.close()
    assert Source.objects.count() == 1


def test_a_file_without_a_backup_is_named(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no finished backup"):
        call_command("restore", tmp_path / "none.backup")


class TestEncryption:
    """H04, and the wrong key of H03."""

    @pytest.fixture
    def key(self, tmp_path: Path, settings: Settings) -> Path:
        file = tmp_path / "key.txt"
        settings.BACKUP_RECIPIENTS = [make_identity(file)]
        return file

    def test_the_host_cannot_read_what_it_wrote(
        self, source_factory: SourceFactory, tmp_path: Path, settings: Settings, key: Path
    ) -> None:
        source_factory("zq7canary", {"zq7canary.py": "zq7canary = 1\n"})
        file = tmp_path / "a.backup"
        call_command("backup", file)
        assert b"zq7canary" not in file.read_bytes()
        assert b"CREATE TABLE" not in file.read_bytes()
        assert settings.SECRET_KEY.encode() not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
        call_command("backup", file, verify=True)  # needs no key
        with pytest.raises(CommandError, match="is encrypted"):
            call_command("restore", file, yes=True)
        Source.objects.all().delete()
        call_command("restore", file, identity=key)
        assert list(Source.objects.values_list("name", flat=True)) == ["zq7canary"]

    def test_another_key_opens_nothing_and_changes_nothing(
        self, source_factory: SourceFactory, tmp_path: Path, key: Path
    ) -> None:
        source_factory("shop", {"a.py": "x = 1\n"})
        call_command("backup", tmp_path / "a.backup")
        make_identity(tmp_path / "other.txt")
        for command, more in (("restore", {"yes": True}), ("backup", {"verify": True})):
            with pytest.raises(CommandError, match="cannot be decrypted with this key"):
                call_command(
                    command, tmp_path / "a.backup", identity=tmp_path / "other.txt", **more
                )
        assert Source.objects.count() == 1

    def test_a_key_is_made_once_and_shown_to_nobody(self, db: None, tmp_path: Path) -> None:
        output = StringIO()
        call_command("backup", tmp_path / "new.txt", new_key=True, stdout=output)
        secret = (tmp_path / "new.txt").read_text().splitlines()[1]
        assert secret.startswith("AGE-SECRET-KEY-")
        assert secret not in output.getvalue()
        assert "PLUMBLINE_BACKUP_RECIPIENTS=age1" in output.getvalue()
        assert (tmp_path / "new.txt").stat().st_mode & 0o077 == 0
        with pytest.raises(CommandError, match="is there already"):
            call_command("backup", tmp_path / "new.txt", new_key=True)

    @pytest.mark.parametrize("text", ["", "AGE-SECRET-KEY-1XYZ", "\x00", "# only a comment"])
    def test_what_is_no_key_is_refused_without_showing_it(
        self, db: None, tmp_path: Path, key: Path, text: str
    ) -> None:
        call_command("backup", tmp_path / "a.backup")
        (tmp_path / "bad.txt").write_text(text)
        with pytest.raises(CommandError, match="holds no secret key of age") as refused:
            call_command("restore", tmp_path / "a.backup", identity=tmp_path / "bad.txt")
        assert "1XYZ" not in str(refused.value)
