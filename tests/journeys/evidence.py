"""Evidence put down by hand for the answers of the tests of pages."""

from __future__ import annotations

import hashlib

from appliance.conversations.models import Evidence, Message, MessageEvidence
from indexer.models import Document, Ref, Source


def add_evidence(
    message: Message,
    source: Source,
    commit: str,
    what: tuple[str, str, str, str],
    lines: tuple[int, int],
) -> None:
    """Put lines of a live document into an answer's evidence."""
    handle, path, symbol, role = what
    live = Ref.objects.get(source=source, is_default=True).pk
    blob = Document.objects.get(source=source, path=path, refs__contains=[live]).blob
    shown = blob.text.split("\n")[lines[0] - 1 : lines[1]]
    line_hash = hashlib.sha256("\n".join(shown).encode()).hexdigest()
    evidence, _ = Evidence.objects.get_or_create(
        source=source,
        commit=commit,
        path=path,
        blob=blob,
        start_line=lines[0],
        end_line=lines[1],
        defaults={"line_hash": line_hash, "symbol": symbol},
    )
    # What is cited stood in the prompt too.
    for part in {"in_prompt", role} if role != "near" else {role}:
        MessageEvidence.objects.create(
            message=message,
            evidence=evidence,
            handle=handle,
            role=part,
            score=0.5,
            legs=["lexical"],
        )
