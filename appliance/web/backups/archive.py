"""The file of a backup: an uncompressed ZIP of the encrypted dump and a manifest that anyone may read.

The dump is encrypted in the age format (age-encryption.org) while it is read, to public keys: the host that
writes backups cannot read them, and no plain copy ever lies on its disk. The manifest is last, so
half a file has none; the file gets its name when it has been read back.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import pyrage
from django.utils import timezone

from appliance.audit import keys
from appliance.web.backups import postgres
from appliance.web.backups.errors import BackupFailed, explained

SUFFIX = ".backup"
PARTIAL = ".partial"
DUMP, ENCRYPTED, MANIFEST = "database.dump", "database.dump.age", "manifest.json"
WORDS = "plumbline backup 1\n"
BLOCK_BYTES = 1024 * 1024
LARGEST_MANIFEST_BYTES = 10_000_000
# What a damaged ZIP, or a manifest that is none, is found by: RuntimeError where a flipped bit says that
# it is encrypted, packed in another way or nested without an end.
UNREADABLE = (
    OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error,
    struct.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, and by what it is known to be whole."""

    made_at: str
    key_fingerprint: str  # of the secret key that its credentials are sealed with
    migrations: list[str]
    sha256: str  # of the dump, decrypted
    size_bytes: int
    stored_sha256: str  # of the dump as it lies in the file
    stored_bytes: int
    recipients: list[str]  # public keys; none: not encrypted
    signature: str = ""  # by the audit's key of the installation

    @property
    def is_signed_here(self) -> bool:
        return keys.is_signed(_signed_text(self), self.signature)


def _signed_text(manifest: Manifest) -> str:
    told = {name: value for name, value in asdict(manifest).items() if name != "signature"}
    return WORDS + json.dumps(told, sort_keys=True)


class Counted:
    """Passes bytes on, and knows their number and SHA-256 afterwards."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        return self._note(self._stream.read(size))

    def write(self, block: bytes) -> int:
        self._note(block)
        return self._stream.write(block)

    def flush(self) -> None:
        self._stream.flush()

    def _note(self, block: bytes) -> bytes:
        self._digest.update(block)
        self.size_bytes += len(block)
        return block

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def recipients_from(texts: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    """Read public keys such as age1…. Raises BackupFailed."""
    try:
        return [pyrage.x25519.Recipient.from_str(text) for text in texts]
    except pyrage.RecipientError as exc:
        raise BackupFailed(f"PLUMBLINE_BACKUP_RECIPIENTS: a key is not one of age: {exc}") from exc


def write(file: Path, *, recipients: Sequence[str], key_fingerprint: str) -> Manifest:
    """Write a backup under a name of its own, read it back, and only then give it its name."""
    to = recipients_from(recipients)
    partial = file.with_name(f".{file.name}{PARTIAL}")
    with alone(file.parent):
        for left in file.parent.glob(f".*{SUFFIX}{PARTIAL}"):
            left.unlink()  # of a backup that was ended in the middle
        try:
            with private(partial) as stream, zipfile.ZipFile(stream, "w") as archive:
                told = _store(archive, to)
                manifest = _manifest(told, recipients, key_fingerprint)
                archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2) + "\n")
            verify(partial)
            if file.exists():
                raise FileExistsError
            partial.rename(file)  # not a link: a mounted folder may know none
            sync_folder(file.parent)
        except FileExistsError:
            raise BackupFailed(f"{file} is there already. Give each backup a new name.") from None
        finally:
            partial.unlink(missing_ok=True)
    return manifest


def _store(
    archive: zipfile.ZipFile, to: Sequence[pyrage.x25519.Recipient]
) -> tuple[Counted, Counted]:
    """Write the dump into the archive; return what was counted before and after encryption."""
    name = ENCRYPTED if to else DUMP
    with postgres.dump() as dumped, archive.open(name, "w", force_zip64=True) as entry:
        plain, stored = Counted(dumped), Counted(entry)
        if to:
            pyrage.encrypt_io(plain, stored, to)
        else:
            while block := plain.read(BLOCK_BYTES):
                stored.write(block)
    return plain, stored


def _manifest(
    told: tuple[Counted, Counted], recipients: Sequence[str], key_fingerprint: str
) -> Manifest:
    plain, stored = told
    fields: dict[str, Any] = {
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "key_fingerprint": key_fingerprint,
        "migrations": postgres.applied_migrations(),
        "sha256": plain.sha256,
        "size_bytes": plain.size_bytes,
        "stored_sha256": stored.sha256,
        "stored_bytes": stored.size_bytes,
        "recipients": list(recipients),
    }
    return Manifest(**fields, signature=keys.sign(_signed_text(Manifest(**fields))))


def read_manifest(file: Path) -> Manifest:
    """Return what the file says of itself. Raises BackupFailed when it is no finished backup."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST_BYTES:
                raise ValueError("its manifest is too large")
            manifest = Manifest(**json.loads(archive.read(MANIFEST)))
        datetime.fromisoformat(manifest.made_at)
        _check_texts(manifest)
    except UNREADABLE as exc:
        raise BackupFailed(f"{file} is no finished backup: {exc}") from exc
    return manifest


def _check_texts(manifest: Manifest) -> None:
    told = [
        manifest.key_fingerprint,
        manifest.signature,
        *manifest.migrations,
        *manifest.recipients,
    ]
    if not all(isinstance(one, str) for one in told):
        raise ValueError("its manifest is none of ours")


def verify(file: Path) -> Manifest:
    """Check every byte against the manifest; needs no key. Raises BackupFailed."""
    manifest = read_manifest(file)
    _compare(file, manifest)
    return manifest


def _compare(file: Path, manifest: Manifest) -> None:
    try:
        with zipfile.ZipFile(file) as archive, archive.open(_entry_of(manifest)) as entry:
            stored = Counted(entry)
            while stored.read(BLOCK_BYTES):
                pass
    except UNREADABLE as exc:
        raise BackupFailed(f"{file} is damaged: {exc}. Use another backup.") from exc
    if (stored.sha256, stored.size_bytes) != (manifest.stored_sha256, manifest.stored_bytes):
        raise BackupFailed(f"{file} is not what its manifest names. Use another backup.")


@contextmanager
def opened(
    file: Path, manifest: Manifest, identities: Sequence[pyrage.x25519.Identity] = ()
) -> Iterator[Path]:
    """Yield the dump as a file of its own, decrypted; it is removed afterwards.

    It is what this manifest names, whatever lies in the file's place by now.
    """
    _compare(file, manifest)
    if manifest.recipients and not identities:
        raise BackupFailed(
            f"{file} is encrypted. Name the file with its secret key: --identity FILE."
        )
    with tempfile.TemporaryDirectory(prefix="plumbline-restore-") as folder:
        dumped = Path(folder) / DUMP
        with (
            zipfile.ZipFile(file) as archive,
            archive.open(_entry_of(manifest)) as entry,
            private(dumped) as stream,
        ):
            plain = Counted(stream)
            _decrypt(file, entry, plain, identities if manifest.recipients else ())
        if (plain.sha256, plain.size_bytes) != (manifest.sha256, manifest.size_bytes):
            raise BackupFailed(f"What {file} holds is not what its manifest names.")
        postgres.is_readable(dumped)
        yield dumped


def _decrypt(
    file: Path, entry: IO[bytes], plain: Counted, identities: Sequence[pyrage.x25519.Identity]
) -> None:
    try:
        if identities:
            pyrage.decrypt_io(entry, plain, list(identities))
        else:
            shutil.copyfileobj(entry, plain, BLOCK_BYTES)
    except (pyrage.DecryptError, OSError) as exc:
        if isinstance(exc, OSError) and exc.errno:  # of the disk; what pyrage finds has no number
            raise BackupFailed(explained(exc, Path(tempfile.gettempdir()))) from exc
        raise BackupFailed(f"{file} cannot be decrypted with this key: {exc}") from exc


def _entry_of(manifest: Manifest) -> str:
    return ENCRYPTED if manifest.recipients else DUMP


@contextmanager
def private(path: Path) -> Iterator[IO[bytes]]:
    """Yield a new file that nobody else can open; it is on the disk when this ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder: of two backups at once one would remove the other's half file."""
    # No link is followed: others may write into a mounted folder, and would choose what is opened.
    # The group's, if the umask lets it: on hosts the unit and the administrator's commands take it.
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o660)
    with os.fdopen(descriptor, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(f"Another backup is being written into {folder}.") from None
        yield


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
