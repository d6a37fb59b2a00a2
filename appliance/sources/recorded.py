"""What the record says of sources: names, settings and reasons, never an address or a secret."""

from __future__ import annotations

from typing import Any

from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import Target, record
from indexer.models import Source


def of_source(action: Action, source: Source, *, source_id: int | None = None, **told: Any) -> None:
    """Record what was done to a source; of one that is gone the id is given beside it."""
    target = Target("source", str(source_id or source.pk), source.name)
    record(action, target=target, details=told)


def refused(name: str, refusal: Exception) -> None:
    """Record that a source was refused: by the code of the reason, for its text quotes what was
    typed, which may hold a password."""
    code = getattr(refusal, "code", "name_refused")
    record(
        Action.SOURCE_REFUSED,
        target=Target("source", name=name),
        outcome=Outcome.DENIED,
        details={"code": code},
    )
