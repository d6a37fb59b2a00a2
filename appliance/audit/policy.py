"""What a record keeps of what people ask and look for: all of it, a hash, or nothing."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings

FULL, HASHED, NONE = "full", "hashed", "none"
LONGEST = 2000


def told(text: str) -> dict[str, str | int]:
    """Return what the details of a record say of a question, a search or a pattern."""
    match settings.AUDIT_QUESTIONS:
        case "full":
            return {"text": text[:LONGEST]}
        case "hashed":
            return {"text_hash": hash_text(text), "length": len(text)}
    return {"length": len(text)}


def hash_text(text: str) -> str:
    """Return an HMAC with the salt of this installation: whoever knows a question can check that
    it was asked; whoever only reads records cannot guess short ones from a table."""
    salt = hashlib.sha256(f"audit questions {settings.SECRET_KEY}".encode()).digest()
    return hmac.new(salt, text.strip().encode("utf-8", "surrogatepass"), "sha256").hexdigest()
