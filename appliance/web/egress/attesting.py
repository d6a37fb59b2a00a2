"""Signed looks, and their export: what an auditor takes along and can check elsewhere.

The signature is that of the audit's key; each row has its own, and the export one over the whole.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.utils import timezone

from appliance.audit import keys
from appliance.web.egress.counters import read_counters
from appliance.web.models import EgressRun

RUN_WORDS, EXPORT_WORDS = "plumbline egress run 1\n", "plumbline egress export 1\n"


class NotGenuine(Exception):
    """An export is not as it was signed; the message says where."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a genuine export says."""

    made_at: str
    runs: int
    services: tuple[str, ...]
    not_sealed: tuple[str, ...]


def sign(run: EgressRun) -> None:
    run.signature = keys.sign(RUN_WORDS + _canonical(_told(run)))


def is_signed(run: EgressRun) -> bool:
    return keys.is_signed(RUN_WORDS + _canonical(_told(run)), run.signature)


def export(days: int) -> dict[str, Any]:
    """Return the looks of the last days with the public key, all of it signed."""
    runs = EgressRun.objects.filter(at__gte=timezone.now() - timedelta(days=days))
    document: dict[str, Any] = {
        "what": "plumbline egress",
        "version": 1,
        "made_at": timezone.now().isoformat(),
        "days": days,
        "mode": settings.EGRESS,
        "accepted": list(settings.EGRESS_ACCEPTED),
        "runs": [{**_told(run), "signature": run.signature} for run in runs],
        "dropped_packets": {f"{one.service} {one.what}": one.packets for one in read_counters()},
        "public_key": keys.public_pem(),
    }
    return document | {"signature": keys.sign(EXPORT_WORDS + _canonical(document))}


def verify(document: Any, key_file: Path | None = None) -> Verified:
    """Check an export with this installation's keys, or with a public key from elsewhere.

    Raises NotGenuine. The key inside the export proves nothing and is not used.
    """
    try:
        signature = str(document["signature"])
        told = {name: value for name, value in document.items() if name != "signature"}
        _check(EXPORT_WORDS + _canonical(told), signature, key_file, "the export")
        for number, run in enumerate(told["runs"], start=1):
            alone = {name: value for name, value in run.items() if name != "signature"}
            what = f"look {number} ({run['service']}, {run['at']})"
            _check(RUN_WORDS + _canonical(alone), str(run["signature"]), key_file, what)
        names = [f"{run['service']} on {run['host']}" for run in told["runs"]]
        amiss = [
            f"{run['service']} on {run['host']} at {run['at']}: {run['verdict']}"
            for run in told["runs"]
            if run["verdict"] != EgressRun.Verdict.SEALED
        ]
        return Verified(str(told["made_at"]), len(names), tuple(sorted(set(names))), tuple(amiss))
    except (KeyError, TypeError, AttributeError) as exc:
        raise NotGenuine(f"This is no export of looks: {exc!r}.") from None


def _check(text: str, signature: str, key_file: Path | None, what: str) -> None:
    genuine = (
        keys.is_signed(text, signature) if key_file is None else _by(key_file, text, signature)
    )
    if not genuine:
        raise NotGenuine(f"The signature of {what} is not by the key, or it was changed after.")


def _by(key_file: Path, text: str, signature: str) -> bool:
    key = load_pem_public_key(key_file.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise NotGenuine(f"{key_file} holds no Ed25519 key.")
    try:
        key.verify(bytes.fromhex(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _told(run: EgressRun) -> dict[str, Any]:
    return {
        "service": run.service,
        "host": run.host,
        "at": run.at.isoformat(),
        "verdict": run.verdict,
        "attempts": run.attempts,
        "controls": run.controls,
        "seconds": run.seconds,
    }


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
