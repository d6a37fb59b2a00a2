"""How records hang together: the hash of one covers all its fields and the hash before it."""

from __future__ import annotations

import hashlib
import json

from appliance.audit.models import Event

FIRST = "0" * 64  # what stands before the first record


def hash_of(event: Event) -> str:
    """Return the SHA-256 of a record, as 64 hexadecimal digits."""
    fields = [
        event.previous_hash,
        event.sequence,
        event.at.isoformat(),
        event.action,
        event.outcome,
        event.actor_id,
        event.actor,
        event.address,
        event.object_kind,
        event.object_id,
        event.object_name,
        event.details,
    ]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
