"""Files of the archive: compressed and encrypted while they are written, and back.

Each gets its name when it is whole and on the disk, so what has a name can be trusted.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pyrage

from appliance.web.backups.archive import BLOCK_BYTES, private, recipients_from, sync_folder
from appliance.web.backups.errors import FULL, BackupFailed

SEALED, PLAIN = ".gz.age", ".gz"
PARTIAL = ".partial"
LEVEL = 1  # an ended segment is mostly zeros, and code compresses well: faster matters more
GZIP = 16 + zlib.MAX_WBITS


class Compressing:
    """Reads from a stream, compressed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._left = b""
        self._is_ended = False

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        wanted = size if size >= 0 else BLOCK_BYTES
        while len(self._left) < wanted and not self._is_ended:
            if block := self._stream.read(BLOCK_BYTES):
                self._left += self._compressor.compress(block)
            else:
                self._left += self._compressor.flush()
                self._is_ended = True
        given, self._left = self._left[:wanted], self._left[wanted:]
        return given


class Expanding:
    """Writes to a stream what was compressed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._expander = zlib.decompressobj(GZIP)

    def write(self, block: bytes) -> int:
        self._stream.write(self._expander.decompress(block))
        return len(block)

    def flush(self) -> None:
        self._stream.flush()

    def end(self) -> None:
        self._stream.write(self._expander.flush())
        if not self._expander.eof:
            raise BackupFailed("it ends in the middle")


def seal(stream: IO[bytes], folder: Path, name: str, recipients: Sequence[str]) -> Path:
    """Write what a stream gives into a file of the folder, encrypted to the public keys if there are any."""
    to = recipients_from(recipients)
    partial, compressed = folder / f".{name}{PARTIAL}", Compressing(stream)
    partial.unlink(missing_ok=True)
    try:
        with private(partial) as output:
            if to:
                pyrage.encrypt_io(compressed, output, to)
            else:
                shutil.copyfileobj(compressed, output)
        file = partial.rename(folder / f"{name}{SEALED if to else PLAIN}")
    except pyrage.EncryptError as exc:
        raise BackupFailed(f"{name} cannot be written into {folder}: {exc}") from exc
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(folder)
    return file


def unseal(file: Path, output: IO[bytes], identities: Sequence[pyrage.x25519.Identity]) -> None:
    """Write what a file holds into a stream. Raises BackupFailed where it is damaged or of another key."""
    expanding = Expanding(output)
    try:
        with file.open("rb") as stream:
            if file.name.endswith(SEALED):
                pyrage.decrypt_io(stream, expanding, list(identities))
            else:
                shutil.copyfileobj(stream, expanding)
        expanding.end()
    except (BackupFailed, pyrage.DecryptError, OSError, zlib.error) as exc:
        if isinstance(exc, OSError) and exc.errno in FULL:
            raise BackupFailed(
                "There is no room left to unpack the archive: free some space."
            ) from exc
        raise BackupFailed(f"{file} is damaged, or not for this key: {exc}") from exc


def plain_name(file: Path) -> str:
    """Return the name that a file had before it was sealed."""
    return file.name.removesuffix(SEALED).removesuffix(PLAIN)
