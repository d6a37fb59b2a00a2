"""A backup brings back what was there, and a damaged one is refused before anything changes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.audit.verifying import verify as verify_audit
from appliance.common.metrics import exposition
from appliance.sources.access import names_in, scope_of
from appliance.sources.models import Grant
from appliance.web import tasks
from appliance.web.backups import archive, postgres, retention
from appliance.web.backups.checks import check_backup
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.identities import make_identity
from appliance.web.models import BackupRun
from indexer.models import Chunk, Source
from indexer.retrieval.search import search
from tests.conftest import SourceFactory

# Gives tables, sequences and functions to a role, and leaves pgvector's to who installed it.
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

ROOT = Path(__file__).resolve().parents[3]

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


def test_a_backup_never_overwrites_a_file(db: None, tmp_path: Path) -> None:
    (tmp_path / "notes.backup").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", tmp_path / "notes.backup")
    assert (tmp_path / "notes.backup").read_text() == "mine"
    assert BackupRun.objects.get().is_done is False
    assert check_backup().state == "failed"


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


KILLED_AT = {
    "the dump": "import pyrage; real = pyrage.encrypt_io; pyrage.encrypt_io = lambda *a: (real(*a), end())",
    "the manifest": "import zipfile; zipfile.ZipFile.writestr = end",
    "the reading back": "archive.verify = end",
    "the naming": "import pathlib; pathlib.Path.rename = end",
}
# One process that loads the product, and a child of it for each point.
SCRIPT = """
import json, os, signal, sys
import django
django.setup()
from pathlib import Path
from appliance.web.backups import archive
def end(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
folder, recipient, points = sys.argv[1:4]
for name, how in json.loads(points).items():
    (Path(folder) / name).mkdir()
    child = os.fork()
    if child == 0:
        exec(how)
        archive.write(Path(folder, name, "a.backup"), recipients=[recipient], key_fingerprint="x")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_backup_that_is_killed_leaves_no_half_file(db: None, tmp_path: Path) -> None:
    recipient = make_identity(tmp_path / "key.txt")
    database = connection.settings_dict
    host = f"host={database['HOST']}"
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "appliance.config.settings",
        "PLUMBLINE_HOME": str(tmp_path / "home"),
        "PLUMBLINE_SECRET_KEY": "only-for-tests-" + "x" * 40,
        "PLUMBLINE_DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?{host}",
    }
    points = {**KILLED_AT, "nowhere": ""}
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path), recipient]
    done = subprocess.run(
        [*command, json.dumps(points)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["-9", "-9", "-9", "-9", "0"], done.stderr
    finished = {point for point in points if (tmp_path / point / "a.backup").exists()}
    assert finished == {"nowhere"}
    file = tmp_path / "the naming" / "a.backup"
    assert {path.name for path in file.parent.iterdir()} == {".lock", ".a.backup.partial"}
    archive.write(file, recipients=[recipient], key_fingerprint="x")
    assert {path.name for path in file.parent.iterdir()} == {".lock", "a.backup"}


def test_two_at_once_do_not_disturb_each_other(db: None, tmp_path: Path) -> None:
    with (
        archive._alone(tmp_path),
        pytest.raises(CommandError, match="Another backup is being written"),
    ):
        call_command("backup", tmp_path)


def test_a_full_disk_leaves_nothing(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    # Of our own, because no test can fill the disk.
    monkeypatch.setattr(archive.Counted, "write", full)
    with pytest.raises(CommandError, match="There is no room left in"):
        call_command("backup", tmp_path / "a.backup")
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


class TestRetention:
    def test_days_and_weeks_stay_and_strangers_are_left_alone(self, tmp_path: Path) -> None:
        begin = datetime(2026, 3, 1, 2)
        for hours in range(0, 24 * 40, 12):
            (tmp_path / retention.name_at(begin + timedelta(hours=hours))).touch()
        (tmp_path / "notes.txt").touch()
        (tmp_path / "plumbline-2026-99-99T000000.backup").touch()
        retention.prune(tmp_path, daily=3, weekly=3)
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "notes.txt",
            "plumbline-2026-03-29T140000.backup",  # Sunday: the newest of its week
            "plumbline-2026-04-05T140000.backup",
            "plumbline-2026-04-07T140000.backup",
            "plumbline-2026-04-08T140000.backup",
            "plumbline-2026-04-09T140000.backup",
            "plumbline-2026-99-99T000000.backup",
        ]

    def test_the_newest_always_stays(self, tmp_path: Path) -> None:
        file = tmp_path / retention.name_at(datetime(2020, 1, 1))
        file.touch()
        assert retention.prune(tmp_path, daily=1, weekly=0) == []

    def test_a_nightly_backup_makes_room(
        self, db: None, tmp_path: Path, settings: Settings
    ) -> None:
        settings.BACKUP_FOLDER, settings.BACKUP_KEEP_DAILY, settings.BACKUP_KEEP_WEEKLY = (
            str(tmp_path),
            1,
            0,
        )
        old = tmp_path / retention.name_at(datetime(2020, 1, 1))
        old.touch()
        tasks.back_up_nightly()
        assert len(list(tmp_path.glob("*.backup"))) == 1
        assert not old.exists()


def test_the_status_tells_its_age(db: None, tmp_path: Path, settings: Settings) -> None:
    assert check_backup().state == "off"
    settings.BACKUP_FOLDER = str(tmp_path / "nightly")
    tasks.back_up_nightly()
    assert (check_backup().state, "not encrypted" in check_backup().detail) == ("warning", True)
    settings.BACKUP_FOLDER = ""
    assert check_backup().state == "ok"
    assert "plumbline_backup_failed 0.0" in exposition().decode()
    BackupRun.objects.update(at=timezone.now() - timedelta(days=2))
    assert check_backup().state == "warning"
    assert "plumbline_backup_age_seconds 172" in exposition().decode()


def test_without_a_folder_no_backup_is_made_by_night(db: None) -> None:
    tasks.back_up_nightly()
    assert not BackupRun.objects.exists()


def test_a_backup_is_recorded(db: None, tmp_path: Path) -> None:
    call_command("backup", tmp_path)
    assert Event.objects.filter(action="backup.made", outcome="done").count() == 1


def test_over_a_network_the_systems_programs_are_used(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the wheel know no TLS."""
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho $PGSSLMODE >&2\nexit 1\n")
    (tmp_path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setitem(connection.settings_dict, "HOST", "10.20.0.12")
    with (
        pytest.raises(BackupFailed, match="pg_dump failed: verify-full"),
        postgres.dump() as dumped,
    ):
        dumped.read()
