"""The curators' queue: which cases are open, and what of each a curator is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from appliance.conversations.curating.access import cases, curatable
from appliance.conversations.curating.models import Decision, Feedback
from appliance.conversations.models import Message
from indexer.scope import Scope

STATES: dict[str, str] = {
    "open": "Open",
    "resolved": "Resolved",
    "dismissed": "Dismissed",
    "all": "All",
}
KINDS: dict[str, str] = {
    "any": "Everything",
    "not_found": "Nothing was found",
    "bad": "Not helpful",
    "good": "Helpful",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a curator looks for; a value that there is not stands for the first of its kind."""

    state: str = "open"
    kind: str = "any"
    reason: str = ""
    source: str = ""

    @classmethod
    def of(cls, state: str, kind: str, reason: str, source: str) -> Filters:
        return cls(
            state if state in STATES else "open",
            kind if kind in KINDS else "any",
            reason if reason in Feedback.Reason.values else "",
            "" if "\0" in source else source,
        )


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case of the list; of a sealed one nothing but when it was, and what kind it is."""

    message: Message
    is_sealed: bool
    bad: int
    good: int
    reasons: tuple[tuple[str, int], ...]
    decision: Decision | None


def queue(filters: Filters) -> QuerySet[Message]:
    """Return the cases that fit, newest first."""
    found = _of_kind(cases(), filters.kind)
    if filters.reason:
        found = found.filter(Exists(_feedback().filter(reasons__contains=[filters.reason])))
    if filters.source:
        found = found.filter(
            Q(source_names__contains=[filters.source])
            | Exists(
                Message.objects.filter(
                    pk=OuterRef("pk"), evidence_links__evidence__source__name=filters.source
                )
            )
        )
    return _in_state(found, filters.state).prefetch_related("feedback")


def _feedback() -> QuerySet[Feedback]:
    return Feedback.objects.filter(message=OuterRef("pk"))


def _of_kind(found: QuerySet[Message], kind: str) -> QuerySet[Message]:
    bad = Exists(_feedback().filter(is_good=False))
    if kind == "good":
        return found.filter(Exists(_feedback().filter(is_good=True)))
    if kind == "bad":
        return found.filter(bad)
    if kind == "not_found":
        return found.filter(not_found=True)
    return found.filter(bad | Q(not_found=True))


def _in_state(found: QuerySet[Message], state: str) -> QuerySet[Message]:
    """Filter by what was decided; what somebody said after a decision opens the case again."""
    later = Exists(
        _feedback().filter(is_good=False, updated_at__gt=OuterRef("decision__decided_at"))
    )
    is_open = Q(decision=None) | later
    if state == "open":
        return found.filter(is_open)
    if state == "all":
        return found
    return found.filter(decision__outcome=state).exclude(later)


def open_count() -> int:
    return queue(Filters()).count()


def rows_of(page: Collection[Message], scope: Scope) -> list[CaseRow]:
    seen = curatable(page, scope)
    return [_row(message, is_sealed=message.pk not in seen) for message in page]


def _row(message: Message, *, is_sealed: bool) -> CaseRow:
    bad = [one for one in message.feedback.all() if not one.is_good]
    reasons = Counter(label for one in bad for label in one.reason_labels)
    return CaseRow(
        message=message,
        is_sealed=is_sealed,
        bad=len(bad),
        good=len(message.feedback.all()) - len(bad),
        reasons=tuple(sorted(reasons.items(), key=lambda one: (-one[1], one[0]))),
        decision=getattr(message, "decision", None),
    )
