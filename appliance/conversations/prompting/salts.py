"""vLLM's prefix cache is shared only among people who may read the same.

Without a salt a cache hit, visible as a faster first word, would tell that somebody else's prompt
held the same text (CVE-2025-46570).
"""

from __future__ import annotations

import hashlib
import hmac

from indexer.scope import Scope


def cache_salt(scope: Scope, *, key: str) -> str:
    """Return 64 hexadecimal characters that stand for a permission set."""
    described = repr((sorted(scope.whole_source_ids), scope.rules)).encode()
    return hmac.new(key.encode(), b"cache salt\0" + described, hashlib.sha256).hexdigest()
