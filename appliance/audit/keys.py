"""The key that signs the record: made at the first start, kept outside the database.

Whoever can write to the database but cannot read this file can change no record unseen.
"""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

PRIVATE, PUBLIC = "audit.pem", "audit.pub"


def sign(text: str) -> str:
    """Return the Ed25519 signature of a text, as 128 hexadecimal digits."""
    return _private_key(keys_folder()).sign(text.encode()).hex()


def is_signed(text: str, signature: str) -> bool:
    """Return whether a key of ours signed this: the present one, or one of the folder's *.pub."""
    try:
        raw = bytes.fromhex(signature)
    except ValueError:
        return False
    return any(_verifies(key, text.encode(), raw) for key in public_keys())


def public_keys() -> tuple[Ed25519PublicKey, ...]:
    """Return the keys that are trusted: those that lie in the folder, the present one first."""
    folder = keys_folder()
    _private_key(folder)  # made, when there is none yet
    files = sorted(folder.glob("*.pub"), key=lambda file: (file.name != PUBLIC, file.name))
    return _read_public(tuple((str(file), file.stat().st_mtime_ns) for file in files))


def public_pem() -> str:
    """Return the present public key as PEM, for whoever checks the record elsewhere."""
    return _pem(_private_key(keys_folder()).public_key()).decode()


def keys_folder() -> Path:
    folder: Path = settings.PLUMBLINE_HOME / "keys"
    return folder


def _verifies(key: Ed25519PublicKey, text: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=4)
def _read_public(files: tuple[tuple[str, int], ...]) -> tuple[Ed25519PublicKey, ...]:
    keys = (serialization.load_pem_public_key(Path(name).read_bytes()) for name, _ in files)
    return tuple(key for key in keys if isinstance(key, Ed25519PublicKey))


@lru_cache(maxsize=4)
def _private_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key, made when there is none: of several first starts at once, one makes it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / PRIVATE
    if not file.exists():
        made = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _put(file, made)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise OSError(f"{file} holds no Ed25519 key: put the right one there, or remove it.")
    _put(folder / PUBLIC, _pem(key.public_key()))
    return key


def _put(file: Path, content: bytes) -> None:
    """Write a file whole and private, unless it is there."""
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.link(name, file)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
