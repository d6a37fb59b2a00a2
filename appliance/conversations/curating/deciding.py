"""What a curator does with a case: resolve it, dismiss it, take curated lines back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.conversations.curating.models import CuratedLines, Decision
from appliance.conversations.curating.places import Place
from appliance.conversations.curating.recall import embed_question
from appliance.conversations.models import Message
from appliance.conversations.visible import visible
from indexer.evaluation.golden import Gold
from indexer.evaluation.sets import save_question


@dataclass(frozen=True, slots=True)
class Correction:
    """What a curator attaches: at least one of the place, the answer and the note."""

    question: str
    place: Place | None = None
    answer: str = ""
    note: str = ""
    expires_on: date | None = None


class DecidedMeanwhile(Exception):
    """Somebody has decided since the curator looked; the message says who."""


def mark_of(decision: Decision | None) -> str:
    """Return by what a decision is known again that a curator had before their eyes; empty: none."""
    return decision.decided_at.isoformat() if decision else ""


def resolve(
    curator: User, message: Message, correction: Correction, *, seen: str | None = None
) -> Decision:
    """Write down how a case was resolved, in place of the decision that was `seen`; None: of any.

    Lines become a golden question, which nightly runs ask from then on, and curated evidence, which
    comes first when a question like this is asked. Raises ProposalRefused as save_question does, and
    DecidedMeanwhile.
    """
    lines = _lines(curator, correction) if correction.place else None
    with transaction.atomic():
        # What is said about lines stays with them, and goes with them: see saying.py.
        words = replace(correction, answer="", note="") if lines else correction
        decision = _decide(curator, message, Decision.Outcome.RESOLVED, words, seen)
        if lines is not None and correction.place is not None:
            CuratedLines.objects.filter(decision=decision).delete()  # a better one, by now
            lines.evidence = correction.place.as_evidence()
            lines.decision = decision
            lines.save()
            place = correction.place
            save_question(
                correction.question,
                place.ref.source,
                Gold(place.path, place.span),
                by=curator.get_username(),
                is_accepted=True,
            )
        _record(message, "resolved", source=_source_of(correction))
    return decision


def dismiss(
    curator: User, message: Message, note: str = "", *, seen: str | None = None
) -> Decision:
    """Close a case without a correction. Raises DecidedMeanwhile as `resolve` does."""
    correction = Correction(question="", note=note)
    with transaction.atomic():
        decision = _decide(curator, message, Decision.Outcome.DISMISSED, correction, seen)
        _record(message, "dismissed")
    return decision


def withdraw(lines: CuratedLines) -> None:
    """Take curated lines back; the golden question stays until somebody deletes it."""
    with transaction.atomic():
        target = Target("curated lines", str(lines.pk))
        record(Action.CURATED, target=target, details={"decision": "withdrawn"})
        lines.delete()


def _source_of(correction: Correction) -> str:
    return correction.place.ref.source.name if correction.place else ""


def _record(message: Message, decision: str, *, source: str = "") -> None:
    details = {"decision": decision, "source": source, "thread": str(message.thread_id)}
    record(Action.CURATED, target=Target("message", str(message.pk)), details=details)


def _lines(curator: User, correction: Correction) -> CuratedLines:
    """Return the row, unsaved, with its vector: a model server is asked outside of a transaction."""
    lines = CuratedLines(
        question=visible(correction.question).strip(),
        answer=visible(correction.answer).strip(),
        note=visible(correction.note).strip(),
        by=curator.get_username(),
        expires_on=correction.expires_on,
    )
    embed_question(lines)
    return lines


def _decide(
    curator: User,
    message: Message,
    outcome: Decision.Outcome,
    correction: Correction,
    seen: str | None,
) -> Decision:
    # Of two at once the second waits here, and then finds what the first decided.
    Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    before = Decision.objects.filter(message=message).first()
    if before is not None and seen is not None and mark_of(before) != seen:
        raise DecidedMeanwhile(
            f"{before.by} decided this case meanwhile. Decide again, and it is replaced."
        )
    decision, _ = Decision.objects.update_or_create(
        message=message,
        defaults={
            "outcome": outcome,
            "by": curator.get_username(),
            "answer": visible(correction.answer).strip(),
            "note": visible(correction.note).strip(),
            "decided_at": timezone.now(),
        },
    )
    return decision
