"""What the archive of the log is trusted with, and what it refuses."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pyrage
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from appliance.web.backups.archive import alone
from appliance.web.backups.copies import check_copies
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.logarchive import archiving, places, sealing
from appliance.web.backups.logarchive.recovering import LOG_FOLDER, SETTINGS, SIGNAL, recover

KEY = pyrage.x25519.Identity.generate()
TO = (str(KEY.to_public()),)
AT = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
PIECES = [f"0000000100000000000000{number:02X}" for number in range(0x20, 0x26)]
CANARY = b"def canary_of_the_code(): pass\n"


def tar_of(**files: bytes) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    packed.seek(0)
    return packed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive with two copies, and pieces of the log from before the second to after it."""
    made = tmp_path / "archive"
    for name in (places.BASES, places.LOG):
        (made / name).mkdir(parents=True)
    for at, first in ((AT, PIECES[0]), (AT + timedelta(days=7), PIECES[3])):
        packed = tar_of(**{"PG_VERSION": b"18\n", SETTINGS: b"", "base-1": CANARY})
        sealing.seal(packed, made / places.BASES, places.base_name(at, first), TO)
    for piece in PIECES:
        sealing.seal(io.BytesIO(CANARY * 1000), made / places.LOG, piece, TO)
    return made


def test_the_newest_copy_before_the_moment_and_its_log_are_put_back(
    folder: Path, tmp_path: Path
) -> None:
    moment = AT + timedelta(days=8)
    made = recover(folder, tmp_path / "new", moment, [KEY])
    assert (made.base.first_piece, made.pieces, made.last_piece) == (PIECES[3], 3, PIECES[-1])
    assert sorted(path.name for path in (tmp_path / "new" / LOG_FOLDER).iterdir()) == PIECES[3:]
    assert (tmp_path / "new" / LOG_FOLDER / PIECES[4]).read_bytes() == CANARY * 1000
    assert (tmp_path / "new" / SIGNAL).exists()
    settings = (tmp_path / "new" / SETTINGS).read_text()
    assert "recovery_target_time = '2026-03-09 02:30:00+00:00'" in settings
    for path in (tmp_path / "new").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_an_earlier_moment_takes_the_earlier_copy(folder: Path, tmp_path: Path) -> None:
    made = recover(folder, tmp_path / "new", AT + timedelta(days=1), [KEY])
    assert (made.base.first_piece, made.pieces) == (PIECES[0], len(PIECES))


def test_a_moment_before_all_copies_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no copy of the database from before 2026-02-28"):
        recover(folder, tmp_path / "new", AT - timedelta(days=1), [KEY])


def test_nothing_of_the_database_can_be_read_in_the_archive(folder: Path) -> None:
    for path in folder.rglob("*.age"):
        assert CANARY[:20] not in path.read_bytes()
        with pytest.raises(BackupFailed, match="not for this key"):
            sealing.unseal(path, io.BytesIO(), [pyrage.x25519.Identity.generate()])


def test_without_the_key_it_says_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="--identity FILE"):
        recover(folder, tmp_path / "new", None, [])


@pytest.mark.parametrize("change", ["cut", "flipped", "empty"])
def test_a_damaged_piece_ends_it(folder: Path, tmp_path: Path, change: str) -> None:
    file = folder / places.LOG / f"{PIECES[4]}.gz.age"
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(bytes({"cut": content[:-30], "flipped": content, "empty": b""}[change]))
    with pytest.raises(BackupFailed, match="is damaged"):
        recover(folder, tmp_path / "new", None, [KEY])


def test_a_gap_in_the_log_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / places.LOG / f"{PIECES[4]}.gz.age").unlink()
    with pytest.raises(BackupFailed, match="1 pieces of the log are missing"):
        recover(folder, tmp_path / "new", None, [KEY])


def test_a_log_that_begins_too_late_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / places.LOG / f"{PIECES[3]}.gz.age").unlink()
    with pytest.raises(BackupFailed, match=f"{PIECES[3]} of the log is missing"):
        recover(folder, tmp_path / "new", None, [KEY])


def test_a_folder_with_something_in_it_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "PG_VERSION").write_text("18")
    with pytest.raises(BackupFailed, match="is not empty"):
        recover(folder, tmp_path / "new", None, [KEY])


def test_a_copy_that_reaches_out_of_its_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    name = places.base_name(AT + timedelta(days=9), PIECES[3])
    sealing.seal(tar_of(**{"../outside": b"x"}), folder / places.BASES, name, TO)
    with pytest.raises(BackupFailed, match="cannot be unpacked"):
        recover(folder, tmp_path / "new", None, [KEY])
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_copy_with_a_link_is_refused(folder: Path, tmp_path: Path, kind: bytes) -> None:
    """PostgreSQL makes none here; each way around a check of links begins with one."""
    packed = tar_of(PG_VERSION=b"18\n")
    with tarfile.open(fileobj=packed, mode="a") as archive:
        member = tarfile.TarInfo("pg_wal")
        member.type, member.linkname = kind, "PG_VERSION"
        archive.addfile(member)
    packed.seek(0)
    name = places.base_name(AT + timedelta(days=9), PIECES[3])
    sealing.seal(packed, folder / places.BASES, name, TO)
    with pytest.raises(BackupFailed, match="cannot be unpacked"):
        recover(folder, tmp_path / "new", None, [KEY])


def test_a_copy_of_what_was_recovered_before_is_recovered_as_any_other(
    folder: Path, tmp_path: Path
) -> None:
    """It holds the folder and the wishes of the recovery from which it comes."""
    before = b"recovery_target_time = '2020-01-01 00:00:00+00:00'\n"
    packed = tar_of(
        **{"PG_VERSION": b"18\n", SETTINGS: before, f"{LOG_FOLDER}/{PIECES[3]}": b"old"}
    )
    name = places.base_name(AT + timedelta(days=9), PIECES[3])
    sealing.seal(packed, folder / places.BASES, name, TO)
    recover(folder, tmp_path / "new", None, [KEY])
    assert (tmp_path / "new" / LOG_FOLDER / PIECES[3]).read_bytes() == CANARY * 1000
    wishes = (tmp_path / "new" / SETTINGS).read_text().splitlines()
    assert [line for line in wishes if line.startswith("recovery_target_time")][-1].endswith("= ''")


def test_of_the_log_only_what_no_copy_needs_goes(folder: Path) -> None:
    assert places.prune(folder, kept_bases=2) == []
    gone = places.prune(folder, kept_bases=1)
    assert {sealing.plain_name(path) for path in gone} >= set(PIECES[:3])
    assert [sealing.plain_name(path) for path in places.log_in(folder)] == PIECES[3:]


def test_a_name_that_we_never_give_is_nobodys_business(folder: Path, tmp_path: Path) -> None:
    (folder / places.BASES / f"2026-99-99T000000-{PIECES[0]}.gz.age").touch()
    assert [base.first_piece for base in places.bases_in(folder)] == [PIECES[0], PIECES[3]]
    assert recover(folder, tmp_path / "new", None, [KEY]).base.first_piece == PIECES[3]


def test_two_at_once_do_not_write_the_same_file(tmp_path: Path) -> None:
    archive = archiving.Archive("postgresql:///x", tmp_path / "spool", tmp_path / "folder", TO)
    for path in (archive.spool, archive.folder / places.BASES, archive.folder / places.LOG):
        path.mkdir(parents=True)
    for path, work in (
        (archive.spool, archiving.keep),
        (archive.folder / places.BASES, archiving.copy_base),
    ):
        with alone(path), pytest.raises(BackupFailed, match="Another backup is being written"):
            work(archive)


def test_half_a_file_has_no_name(tmp_path: Path) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError("the server went away")

    with pytest.raises(BackupFailed, match="went away"):
        sealing.seal(Broken(), tmp_path, PIECES[0], TO)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("position", "piece"),
    [("0/2C000028", "00000001000000000000002C"), ("1A/FF000000", "000000010000001A000000FF")],
)
def test_positions_lie_in_pieces(position: str, piece: str) -> None:
    assert places.piece_at(1, position) == piece


def test_commands_say_what_is_missing(settings: Settings, tmp_path: Path) -> None:
    settings.REPLICATION_URL = ""
    with pytest.raises(CommandError, match="Set PLUMBLINE_REPLICATION_URL first"):
        call_command("archive", tmp_path)
    with pytest.raises(CommandError, match="yesterday is no moment"):
        call_command("recover", tmp_path, into=tmp_path / "new", to="yesterday", stdout=StringIO())
    settings.REPLICATION_URL = "postgresql://user:hidden-word@["
    with pytest.raises(CommandError) as caught:
        call_command("archive", tmp_path)
    assert "hidden-word" not in str(caught.value)


@pytest.fixture
def slot(db: None) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_create_physical_replication_slot('replica_test', true)")
    yield "replica_test"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_drop_replication_slot('replica_test')")


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_who_follows_and_is_away_needs_attention(slot: str) -> None:
    found = check_copies()
    assert found.state == "warning"
    assert re.match(r"replica_test: away, \d+ MB behind", found.detail)


@pytest.mark.services
@pytest.mark.django_db
def test_nobody_has_to_follow() -> None:
    assert check_copies().state == "off"
