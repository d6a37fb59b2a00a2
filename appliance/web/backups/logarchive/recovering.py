"""Back to a moment: a folder that PostgreSQL, started on it, plays its log into up to that moment."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyrage

from appliance.web.backups.archive import private
from appliance.web.backups.errors import BackupFailed
from appliance.web.backups.logarchive import places
from appliance.web.backups.logarchive.sealing import SEALED, plain_name, unseal

LOG_FOLDER = "plumbline-log"
SIGNAL = "recovery.signal"
SETTINGS = "postgresql.auto.conf"
# Relative to the cluster's folder, where PostgreSQL runs it: the folder may be moved before.
FETCH = f'cp "{LOG_FOLDER}/%f" "%p"'


@dataclass(frozen=True, slots=True)
class Recovered:
    """What lies in the folder now."""

    base: places.Base
    pieces: int
    last_piece: str


def recover(
    folder: Path, into: Path, to: datetime | None, identities: Sequence[pyrage.x25519.Identity]
) -> Recovered:
    """Put a copy and its log into an empty folder; without a moment all of the log counts."""
    base = _newest_before(folder, to)
    pieces = [
        path
        for path in places.log_in(folder)
        if places.is_needed(plain_name(path), base.first_piece)
    ]
    _check(base, pieces, identities)
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(into.iterdir()):
        raise BackupFailed(f"{into} is not empty. Name a new folder.")
    _unpack(base, into, identities)
    log = into / LOG_FOLDER
    log.mkdir(mode=0o700)
    for path in pieces:
        with private(log / plain_name(path)) as output:
            unseal(path, output, identities)
    _write_wishes(into, to)
    return Recovered(base, len(pieces), plain_name(pieces[-1]))


def _newest_before(folder: Path, to: datetime | None) -> places.Base:
    found = [base for base in places.bases_in(folder) if to is None or base.at <= to]
    if not found:
        when = f" from before {to.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if to else ""
        raise BackupFailed(f"{folder} holds no copy of the database{when}.")
    return found[-1]


def _check(
    base: places.Base, pieces: Sequence[Path], identities: Sequence[pyrage.x25519.Identity]
) -> None:
    if base.file.name.endswith(SEALED) and not identities:
        raise BackupFailed(
            f"{base.file} is encrypted. Name the file with its secret key: --identity FILE."
        )
    names = {plain_name(path) for path in pieces}
    if base.first_piece not in names:
        raise BackupFailed(
            f"{base.first_piece} of the log is missing, with which this copy begins."
        )
    positions = {_number(name) for name in names if len(name) == len(base.first_piece)}
    if missing := sorted(set(range(min(positions), max(positions) + 1)) - positions):
        raise BackupFailed(
            f"{len(missing)} pieces of the log are missing after {base.first_piece}: the database "
            f"can be brought back to the moment before them alone. First at number {missing[0]}."
        )


def _number(piece: str) -> int:
    """Return which piece of the log this is, counted from its beginning."""
    return int(piece[8:16], 16) * (2**32 // places.PIECE_BYTES) + int(piece[16:], 16)


def _unpack(base: places.Base, into: Path, identities: Sequence[pyrage.x25519.Identity]) -> None:
    with tempfile.TemporaryFile(dir=into.parent) as packed:
        unseal(base.file, packed, identities)
        packed.seek(0)
        try:
            with tarfile.open(fileobj=packed) as archive:
                archive.extractall(into, filter=_plain)  # noqa: S202  which takes plain members alone
        except (tarfile.TarError, OSError) as exc:
            raise BackupFailed(f"{base.file} cannot be unpacked: {exc}") from exc
    # Of a recovery before, when the copy was made of what came of that.
    shutil.rmtree(into / LOG_FOLDER, ignore_errors=True)
    for path in (into, *into.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _plain(member: tarfile.TarInfo, into: str) -> tarfile.TarInfo:
    """Take files and folders alone: a cluster of one tablespace has no links, and whoever may write
    into the archive could lead out of the folder by one."""
    if not (member.isfile() or member.isdir()):
        raise tarfile.SpecialFileError(member)
    return tarfile.data_filter(member, into)


def _write_wishes(into: Path, to: datetime | None) -> None:
    """Tell PostgreSQL to play the log at its next start, and to be an ordinary server after that."""
    # Written also where there is none: the copy may hold that of a recovery before.
    moment = to.astimezone(UTC).isoformat(sep=" ") if to is not None else ""
    lines = [
        f"restore_command = '{FETCH}'",
        "recovery_target_action = 'promote'",
        f"recovery_target_time = '{moment}'",
    ]
    with (into / SETTINGS).open("a", encoding="utf-8") as stream:
        stream.write("\n".join(["", "# of the recovery", *lines, ""]))
        stream.flush()
        os.fsync(stream.fileno())
    (into / SIGNAL).touch(mode=0o600)
