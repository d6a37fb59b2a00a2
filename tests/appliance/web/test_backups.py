"""A backup is written whole or not at all, kept as long as the settings say, and recorded."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from appliance.audit.models import Event
from appliance.common.metrics import exposition
from appliance.web import tasks
from appliance.web.backups import archive, postgres, retention
from appliance.web.backups.checks import check_backup
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.identities import make_identity
from appliance.web.models import BackupRun

ROOT = Path(__file__).resolve().parents[3]

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def test_a_backup_never_overwrites_a_file(db: None, tmp_path: Path) -> None:
    (tmp_path / "notes.backup").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", tmp_path / "notes.backup")
    assert (tmp_path / "notes.backup").read_text() == "mine"
    assert BackupRun.objects.get().is_done is False
    assert check_backup().state == "failed"


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
        archive.alone(tmp_path),
        pytest.raises(CommandError, match="Another backup is being written"),
    ):
        call_command("backup", tmp_path)


def test_a_link_in_the_folder_leads_nowhere(db: None, tmp_path: Path) -> None:
    """Others may write into a mounted folder: what we open there is what lies there."""
    folder, victim = tmp_path / "folder", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("mine")
    (folder / ".a.backup.partial").symlink_to(victim)
    call_command("backup", folder / "a.backup")
    assert not (folder / "a.backup").is_symlink()
    (folder / ".lock").unlink()
    (folder / ".lock").symlink_to(victim)
    with pytest.raises(CommandError):
        call_command("backup", folder / "b.backup")
    (folder / ".lock").unlink()
    (folder / "c.backup").symlink_to(tmp_path / "nowhere")
    call_command("backup", folder / "c.backup")
    assert not (tmp_path / "nowhere").exists()
    assert victim.read_text() == "mine"
    for file in folder.glob("*.backup"):
        assert file.stat().st_mode & 0o077 == 0


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

    def test_a_folder_with_the_name_of_a_backup_ends_no_round(self, tmp_path: Path) -> None:
        names = [retention.name_at(datetime(2020, 1, day)) for day in (1, 2, 3)]
        (tmp_path / names[0]).mkdir()
        for name in names[1:]:
            (tmp_path / name).touch()
        assert retention.prune(tmp_path, daily=1, weekly=0) == [tmp_path / names[1]]

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
