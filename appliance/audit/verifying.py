"""Looks whether the record is whole: every row as it was written, none missing, none put in."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from appliance.audit import keys
from appliance.audit.chain import FIRST, hash_of, is_sealed, pruning_text
from appliance.audit.heads import SignedHead
from appliance.audit.models import Event, Exposure, Pruning, Verification
from appliance.audit.recording import exposures_of

AT_A_TIME = 2000
# Records are written one after the other by one machine: its clock may be set by a hair only.
CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Problem:
    """The first record that is not as it must be."""

    sequence: int
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a look at the chain found."""

    first: int
    last: int  # the newest record that is whole, 0: none
    checked: int
    head: int  # the newest signed head that fits, 0: none
    problem: Problem | None
    seconds: float


class _Broken(Exception):
    def __init__(self, sequence: int, kind: str, sentence: str) -> None:
        self.problem = Problem(sequence, kind, sentence)


@dataclass(slots=True)
class _Walk:
    """How far the look has come."""

    next: int
    before: str  # the hash of the record before the next
    at: datetime | None = None
    checked: int = 0
    head: int = 0
    heads: dict[int, list[SignedHead]] = field(default_factory=dict)
    prunings: dict[int, Pruning] = field(default_factory=dict)


def verify(*, first: int = 1, heads: Iterable[SignedHead] = ()) -> Report:
    """Look at every record from `first` on, and at the signed heads; stop at the first problem.

    What stood before `first` is taken as it is.
    """
    with _one_moment():
        return _verify(first, heads)


@contextmanager
def _one_moment() -> Iterator[None]:
    """See the tables as they are now, whatever retention removes meanwhile."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _verify(first: int, heads: Iterable[SignedHead]) -> Report:
    started = time.monotonic()
    walk = _Walk(first, _hash_before(first))
    walk.prunings = {one.first: one for one in Pruning.objects.filter(last__gte=first)}
    for head in heads:
        walk.heads.setdefault(head.sequence, []).append(head)
    problem = None
    try:
        for events in _chunks(first):
            _look_at(walk, events)
        _look_at_end(walk)
    except _Broken as broken:
        problem = broken.problem
    seconds = round(time.monotonic() - started, 3)
    return Report(first, walk.next - 1, walk.checked, walk.head, problem, seconds)


def verify_and_note(*, heads: Iterable[SignedHead]) -> Report:
    """Verify all of the record and write down what was found, for the pages and the status."""
    report = verify(heads=heads)
    Verification.objects.create(
        checked=report.checked,
        last=report.last,
        head=report.head,
        problem_at=report.problem.sequence if report.problem else None,
        problem=report.problem.sentence if report.problem else "",
        seconds=report.seconds,
    )
    return report


def _hash_before(first: int) -> str:
    if first <= 1:
        return FIRST
    event = Event.objects.filter(sequence=first - 1).first()
    if event is not None:
        return event.hash
    pruning = Pruning.objects.filter(last=first - 1).first()
    return pruning.hash if pruning else ""


def _chunks(first: int) -> Iterator[list[Event]]:
    while events := list(Event.objects.filter(sequence__gte=first)[:AT_A_TIME]):
        yield events
        first = events[-1].sequence + 1


def _look_at(walk: _Walk, events: Sequence[Event]) -> None:
    shown: dict[int, list[tuple[object, ...]]] = {}
    for row in Exposure.objects.filter(
        event_id__gte=events[0].sequence, event_id__lte=events[-1].sequence
    ):
        shown.setdefault(row.event_id, []).append(_fields(row))
    for event in events:
        _skip_pruned(walk, event.sequence)
        _look_at_row(walk, event)
        if shown.get(event.sequence, []) != [_fields(one) for one in exposures_of(event)]:
            raise _Broken(
                event.sequence,
                "shown",
                f"The lines that record {event.sequence} says were shown are not those that are "
                "searched.",
            )
        _settle(walk, event.sequence, event.hash)
        walk.at, walk.checked = event.at, walk.checked + 1


def _fields(row: Exposure) -> tuple[object, ...]:
    return (
        row.at, row.actor_id, row.actor, row.source, row.path, row.first_line, row.last_line,
        row.commit, row.ground,
    )  # fmt: skip


def _look_at_row(walk: _Walk, event: Event) -> None:
    number = event.sequence
    if number < walk.next:
        raise _Broken(number, "number", f"Record {number} stands before the first of all.")
    if number > walk.next:
        missing = f"Record {walk.next} is missing"
        if number > walk.next + 1:
            missing = f"Records {walk.next} to {number - 1} are missing"
        raise _Broken(walk.next, "deleted", f"{missing}, and no signed marker stands for it.")
    if event.previous_hash != walk.before:
        raise _Broken(
            number,
            "order",
            f"Record {number} does not follow on the one before it: it was put in, or records "
            "changed their places.",
        )
    if hash_of(event) != event.hash:
        raise _Broken(number, "changed", f"Record {number} was changed after it was written.")
    if not is_sealed(event):
        raise _Broken(
            number,
            "forged",
            f"Record {number} was not written by this appliance: no key in {keys.keys_folder()} "
            "signed it.",
        )
    if walk.at is not None and event.at < walk.at - CLOCK_TOLERANCE:
        raise _Broken(
            number,
            "clock",
            f"The clock was set back before record {number}: it says {event.at.isoformat()}, the "
            f"one before it {walk.at.isoformat()}.",
        )


def _skip_pruned(walk: _Walk, number: int) -> None:
    """Go on behind the markers that stand in the place of removed records."""
    while walk.next < number and (pruning := walk.prunings.get(walk.next)):
        _follow_pruned(walk, pruning)


def _follow_pruned(walk: _Walk, pruning: Pruning) -> None:
    signed = keys.is_signed(pruning_text(pruning), pruning.signature)
    if not signed or pruning.previous_hash != walk.before:
        raise _Broken(
            pruning.first,
            "pruned",
            f"The marker in the place of the removed records {pruning.first} to {pruning.last} is "
            "not ours, or does not fit the record before it.",
        )
    for number in [one for one in walk.heads if pruning.first <= one < pruning.last]:
        walk.heads.pop(number)  # its record was removed, and the marker answers for it
    walk.next, walk.before = pruning.last, pruning.previous_hash
    _settle(walk, pruning.last, pruning.hash)


def _settle(walk: _Walk, number: int, fingerprint: str) -> None:
    """Compare with the heads of this record, and go on."""
    for head in walk.heads.pop(number, ()):
        if not head.is_signed:
            raise _Broken(number, "head", f"The signature of the head of record {number} is wrong.")
        if head.hash != fingerprint:
            raise _Broken(
                number,
                "replaced",
                f"Record {number} is not the one that was signed on {head.at.isoformat()}: the "
                "table was replaced or written anew.",
            )
        walk.head = number
    walk.next, walk.before = number + 1, fingerprint


def _look_at_end(walk: _Walk) -> None:
    last_pruned = max((one.first for one in walk.prunings.values()), default=0)
    _skip_pruned(walk, last_pruned + 1)
    later = [number for number in walk.heads if number >= walk.next]
    if later:
        raise _Broken(
            walk.next,
            "truncated",
            f"The record ends before {walk.next}, but a signed head tells of record {max(later)}: "
            "the newest records were cut off.",
        )
