"""The identity of a text that is embedded: equal texts share one vector."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID


def text_digest(context: str, body: str) -> UUID:
    """Return the first 128 bits of a SHA-256, as PostgreSQL stores them best.

    The path is not part of it, although it is embedded too: a rename, a copy or a fork costs no
    embedding and keeps the vector that names the first path.
    """
    content = f"{context}\n{body}".encode("utf-8", "surrogatepass")
    return UUID(bytes=sha256(content).digest()[:16])
