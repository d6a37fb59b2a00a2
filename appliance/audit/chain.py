"""How records hang together: the hash of one covers all its fields and the hash before it."""

from __future__ import annotations

import hashlib
import json

from appliance.audit import keys
from appliance.audit.models import Event, Head, Pruning

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


def seal(event: Event) -> None:
    """Give a record its hash and its signature: a forger would need the key, not SHA-256 alone."""
    event.hash = hash_of(event)
    event.signature = keys.sign(_event_text(event))


def is_sealed(event: Event) -> bool:
    return keys.is_signed(_event_text(event), event.signature)


def _event_text(event: Event) -> str:
    return f"plumbline event {event.sequence} {event.hash}"


def head_text(head: Head) -> str:
    """Return what the signature of a head covers."""
    return f"plumbline head {head.sequence} {head.hash} {head.at.isoformat()}"


def pruning_text(pruning: Pruning) -> str:
    """Return what the signature of a marker covers."""
    return (
        f"plumbline pruning {pruning.first} {pruning.last} {pruning.previous_hash} {pruning.hash}"
        f" {pruning.at.isoformat()}"
    )
