"""The secret of a directory: sealed at rest, never shown again."""

from __future__ import annotations

from django.conf import settings

from appliance.accounts.models import Directory
from indexer.sealing import seal_text, unseal_text


def secret_of(directory: Directory) -> str:
    """Return the secret, or nothing where there is none. Raises FetchRefused: see unseal_text."""
    if not directory.sealed_secret:
        return ""
    return unseal_text(directory.sealed_secret, key=settings.SECRET_KEY)


def put_secret(directory: Directory, secret: str) -> None:
    """Seal another secret into the row, which the caller saves."""
    directory.sealed_secret = seal_text(secret, key=settings.SECRET_KEY) if secret else b""
