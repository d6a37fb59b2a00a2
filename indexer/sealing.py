"""Credentials at rest: encrypted with a key that is not in the database."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict

from cryptography.fernet import Fernet, InvalidToken

from indexer.errors import FetchRefused
from indexer.fetching.values import Credential, SshKey


def _box(key: str) -> Fernet:
    digest = hashlib.sha256(b"plumbline credentials\0" + key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(credential: Credential | SshKey, *, key: str) -> bytes:
    return _box(key).encrypt(json.dumps(asdict(credential)).encode())


def unseal(sealed: bytes | memoryview, *, key: str) -> Credential | SshKey:
    """Raise FetchRefused when the key is not the one it was sealed with."""
    try:
        payload = json.loads(_box(key).decrypt(bytes(sealed)))
    except InvalidToken as exc:
        raise FetchRefused(
            "credential_unreadable",
            "The stored credential cannot be read with the present secret key: enter it again.",
        ) from exc
    return SshKey(**payload) if "private_key" in payload else Credential(**payload)


def seal_text(text: str, *, key: str) -> bytes:
    return _box(key).encrypt(text.encode())


def unseal_text(sealed: bytes | memoryview, *, key: str) -> str:
    """Raise FetchRefused when the key is not the one it was sealed with."""
    try:
        return _box(key).decrypt(bytes(sealed)).decode()
    except InvalidToken as exc:
        raise FetchRefused(
            "secret_unreadable",
            "The stored secret cannot be read with the present secret key: make a new one.",
        ) from exc


def reseal(sealed: bytes | memoryview, *, old: str, key: str) -> bytes:
    """Return what was sealed with the old key, sealed with the present one; unchanged when it is already.

    Raise FetchRefused when neither key opens it.
    """
    token = bytes(sealed)
    try:
        _box(key).decrypt(token)
    except InvalidToken:
        return seal_text(unseal_text(token, key=old), key=key)
    return token
