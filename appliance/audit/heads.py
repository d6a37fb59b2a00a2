"""Signed heads: at intervals a word about how far the record went, kept outside the database too.

Whoever cuts the newest records off, or puts another table in the place of this one, cannot take
the heads back that lie in the file or at the collector.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from appliance.audit import keys
from appliance.audit.chain import head_text
from appliance.audit.models import Event, Head


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head as it stands in a file."""

    sequence: int
    hash: str
    at: datetime
    signature: str

    @property
    def is_signed(self) -> bool:
        return keys.is_signed(head_text(self.row), self.signature)

    @property
    def row(self) -> Head:
        return Head(sequence=self.sequence, hash=self.hash, at=self.at, signature=self.signature)


def heads_file() -> Path:
    file: Path = settings.PLUMBLINE_HOME / "audit" / "heads.jsonl"
    return file


def sign_head() -> Head | None:
    """Sign how far the record goes, unless that was done; write it down in the table and the file."""
    last = Event.objects.order_by("-sequence").first()
    before = Head.objects.order_by("-sequence", "-pk").first()
    if last is None or (before is not None and before.sequence == last.sequence):
        return None
    head = Head(sequence=last.sequence, hash=last.hash, at=timezone.now())
    head.signature = keys.sign(head_text(head))
    with transaction.atomic():
        head.save(force_insert=True)
        _append(head)
    return head


def to_json(head: Head) -> dict[str, object]:
    return {
        "sequence": head.sequence,
        "hash": head.hash,
        "at": head.at.isoformat(),
        "signature": head.signature,
    }


def _append(head: Head) -> None:
    file = heads_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # On hosts the worker writes it and the administrator's commands read it: the group's, if the umask lets it.
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o660)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(to_json(head)) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def begin_anew() -> int:
    """Put the file of heads aside, because the record itself was replaced by that of a backup;
    return the newest record that it tells of, 0 for none.

    `manage.py audit verify --head` with that file still shows what is missing.
    """
    file = heads_file()
    lost = max((head.sequence for head in read_heads(file)), default=0)
    if file.exists():
        file.rename(file.with_name(f"heads-until-{timezone.now():%Y%m%dT%H%M%S}.jsonl"))
    return lost


def read_heads(file: Path) -> list[SignedHead]:
    """Read the heads of a file; a line that is none, such as one cut off by a crash, is left out."""
    if not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return [head for line in lines if (head := _read(line)) is not None]


def _read(line: str) -> SignedHead | None:
    try:
        told = json.loads(line)
        at = datetime.fromisoformat(told["at"])
        return SignedHead(int(told["sequence"]), str(told["hash"]), at, str(told["signature"]))
    except (ValueError, KeyError, TypeError):
        return None


def heads_of_table() -> list[SignedHead]:
    return [SignedHead(one.sequence, one.hash, one.at, one.signature) for one in Head.objects.all()]


def known_heads(file: Path | None = None) -> list[SignedHead]:
    """Return the heads of the table and of the file, each once, in their order."""
    heads: Iterable[SignedHead] = [*heads_of_table(), *read_heads(file or heads_file())]
    return sorted(dict.fromkeys(heads), key=lambda head: head.sequence)
