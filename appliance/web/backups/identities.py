"""The secret keys that open backups: made once, kept away from the host."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyrage

from appliance.web.backups.errors import BackupFailed

LARGEST_BYTES = 100_000


def make_identity(file: Path) -> str:
    """Write a new secret key into a new file, as age-keygen does, and return the public one.

    For "-" it goes to standard output: on a host it need never lie on a disk.
    """
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    text = f"# public key: {public}\n{identity}\n"
    if str(file) == "-":
        sys.stdout.write(text)
        return public
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupFailed(f"{file} is there already. Name a new file.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
    return public


def read_identities(file: Path) -> list[pyrage.x25519.Identity]:
    """Read the keys of a file, or of standard input for "-". Raises BackupFailed."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")[:LARGEST_BYTES]
        lines = [line.strip() for line in text.splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        found = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as exc:
        # Without the text: it may be a key that is written wrong.
        raise BackupFailed(f"{file} holds no secret key of age ({type(exc).__name__}).") from exc
    if not found:
        raise BackupFailed(f"{file} holds no secret key of age.")
    return found
