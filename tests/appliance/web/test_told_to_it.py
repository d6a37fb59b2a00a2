"""What commands and checks tell who runs an installation: one sentence, true where they run."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from appliance.common.starting import start_again
from appliance.web import certificates, health
from appliance.web.backups import archive
from appliance.web.backups.identities import make_identity, read_identities
from appliance.web.check import Check
from appliance.web.support.bundle import BundleRefused, write_bundle
from appliance.web.swap import check_swap
from tests.certificates import certificate_until

ROOT = Path(__file__).resolve().parents[3]
AWAY = "postgresql://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize("words", [["backup", "{folder}"], ["audit", "verify"]])
def test_without_a_database_commands_say_so_in_a_sentence(tmp_path: Path, words: list[str]) -> None:
    call = [word.format(folder=tmp_path) for word in words]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *call],
        env=os.environ | {
            "DJANGO_SETTINGS_MODULE": "appliance.config.settings", "PLUMBLINE_DATABASE_URL": AWAY,
            "PLUMBLINE_SECRET_KEY": "x" * 50, "PLUMBLINE_HOME": str(tmp_path),
        },
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "The database does not answer." in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert list(tmp_path.glob("*.backup")) == []


def test_a_host_of_a_site_hears_of_units_and_not_of_make(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STARTED_BY = "systemd"
    wrong = Check("Tables", "failed", "some are missing", "Run: manage.py migrate")
    monkeypatch.setattr(health, "CHECKS", (lambda: wrong, _lost_queue))
    steps = [check.next_step for check in health.check_all()]
    assert steps == [
        "Run: plumbline migrate",
        "Start Valkey on its host: systemctl restart valkey-server; journalctl --unit=valkey-server says why it ended.",
    ]
    settings.STARTED_BY = "make"
    [step, valkey] = [check.next_step for check in health.check_all()]
    assert step == "Run: manage.py migrate"
    assert "make up" in valkey


def _lost_queue() -> Check:
    return Check("Queue", "failed", "gone", start_again("Valkey", "valkey"))


@pytest.mark.parametrize(
    ("days", "state", "said"),
    [(400, "ok", "good until"), (20, "warning", "in 19 days"), (-1, "failed", "ended on")],
)
def test_the_end_of_a_certificate_is_told_in_time(
    settings: Settings, tmp_path: Path, days: int, state: str, said: str
) -> None:
    ends = certificate_until(tmp_path, timedelta(days=days))
    settings.CERTIFICATE_FILES = [str(certificate_until(tmp_path, timedelta(days=800))), str(ends)]
    check = certificates.check_certificates()
    assert (check.state, said in check.detail) == (state, True), check
    assert check.state == "ok" or "--play certificates" in check.next_step
    [family] = certificates.collect()
    until = {one.labels["certificate"]: one.value for one in family.samples}
    assert abs(until[ends.stem] - (timezone.now() + timedelta(days=days)).timestamp()) < 600


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_certificate_that_cannot_be_read_is_named(
    settings: Settings, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "host.pem"
    if content is not None:
        file.write_bytes(content)
    settings.CERTIFICATE_FILES = [str(file)]
    check = certificates.check_certificates()
    assert (check.state, str(file) in check.detail) == ("failed", True)
    assert list(certificates.collect()) == []


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_encrypted", [True, False])
def test_a_restore_without_room_does_not_blame_the_key(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_encrypted: bool
) -> None:
    key = tmp_path / "key.txt"
    settings.BACKUP_RECIPIENTS = [make_identity(key)] if is_encrypted else []
    call_command("backup", tmp_path / "a.backup")
    monkeypatch.setattr(archive.Counted, "write", _full)
    with pytest.raises(CommandError, match="There is no room left in"):
        call_command("restore", tmp_path / "a.backup", identity=key if is_encrypted else None)


def _full(self: archive.Counted, block: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_key_for_backups_need_not_lie_on_the_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("backup", "-", new_key=True)
    said = capsys.readouterr()
    kept = tmp_path / "elsewhere.txt"
    kept.write_text(said.out)
    [identity] = read_identities(kept)
    assert said.err.strip() == f"PLUMBLINE_BACKUP_RECIPIENTS={identity.to_public()}"
    assert "AGE-SECRET-KEY" not in said.err
    assert not Path("-").exists()


def test_a_support_bundle_without_the_log_that_was_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match=r"journal\.txt cannot be read from here"):
        write_bundle(tmp_path / "a.zip", [tmp_path / "journal.txt"])
    with pytest.raises(BundleRefused, match="Name another"):
        write_bundle(tmp_path / "nowhere" / "a.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("swaps", "state"),
    [
        ("", "ok"),
        ("/dev/zram0 partition 1 0 100\n", "ok"),
        ("/dev/dm-7 partition 1 0 -2\n", "ok"),
        ("/dev/dm-8 partition 1 0 -2\n", "warning"),
        ("/dev/zram0 partition 1 0 100\n/swapfile file 1 0 -2\n", "warning"),
    ],
)
def test_swap_in_the_clear_is_told(
    settings: Settings, tmp_path: Path, swaps: str, state: str
) -> None:
    (tmp_path / "swaps").write_text(f"Filename Type Size Used Priority\n{swaps}")
    for number, uuid in ((7, "CRYPT-LUKS2-0-swap"), (8, "LVM-0")):
        (tmp_path / f"dm-{number}" / "dm").mkdir(parents=True)
        (tmp_path / f"dm-{number}" / "dm" / "uuid").write_text(f"{uuid}\n")
    assert check_swap(tmp_path / "swaps", tmp_path).state == "off"
    settings.STARTED_BY = "systemd"
    assert check_swap(tmp_path / "swaps", tmp_path).state == state
