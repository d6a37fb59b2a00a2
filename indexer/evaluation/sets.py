"""Golden sets of this installation: made from history, imported, saved by people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from django.db import transaction
from django.db.models import Min, QuerySet

from indexer.evaluation.golden import Gold, GoldenQuestion, GoldenSetInvalid, numbered_questions
from indexer.models import GoldenEntry, GoldenSet, Source
from indexer.ranking.examples import Example, examples_of
from indexer.spans import Span

SAVED = "Saved questions"
MOST_OF_HISTORY = 50  # questions for each source
SHARE_OF_HISTORY = 10  # one in so many usable commits; the rest is there to learn from
FEWEST_OF_HISTORY = 5
LOOKED_AT = MOST_OF_HISTORY * SHARE_OF_HISTORY
MAX_QUERY = 2000
MAX_KEY = 200
MOST_IMPORTED = 5000
MOST_PROPOSED = 100  # that wait, of one person


class ProposalRefused(GoldenSetInvalid):
    """A question cannot be saved."""


def questions_in_use() -> QuerySet[GoldenEntry]:
    """Return the accepted questions, in an order that has nothing to do with what they ask."""
    accepted = GoldenEntry.objects.filter(state=GoldenEntry.State.ACCEPTED)
    return accepted.select_related("source", "golden_set")


def in_fair_order(entries: Iterable[GoldenEntry]) -> list[GoldenEntry]:
    """Shuffle entries the same way each time: any beginning of the list is a fair sample."""
    return sorted(entries, key=lambda entry: sha256(f"{entry.pk}:{entry.key}".encode()).digest())


def question_of(entry: GoldenEntry) -> GoldenQuestion:
    gold = tuple(
        Gold(one["path"], Span(one["start"], one["end"]) if "start" in one else None)
        for one in entry.gold
    )
    source = entry.source.name if entry.source else None
    return GoldenQuestion(str(entry.pk), entry.query, source, gold, entry.asked_at)


# --- From history -----------------------------------------------------------------------------


def refresh_history(sources: Iterable[Source]) -> None:
    """Let each source's newest usable commits ask; a source with little history asks nothing.

    Questions only ever move towards newer commits: what is learned from the commits before the
    oldest question (see history_reserved_from) has seen none of them, now or later.
    """
    for source in sources:
        examples = examples_of(source, newest=LOOKED_AT)
        count = min(MOST_OF_HISTORY, len(examples) // SHARE_OF_HISTORY)
        if count >= FEWEST_OF_HISTORY:
            _replace_history(source, examples[-count:])


def history_reserved_from(source: Source) -> datetime | None:
    """Return from which moment on commits ask golden questions; None: no commit does."""
    of_history = GoldenEntry.objects.filter(golden_set__source=source)
    oldest: datetime | None = of_history.aggregate(oldest=Min("asked_at"))["oldest"]
    return oldest


@transaction.atomic
def _replace_history(source: Source, examples: Sequence[Example]) -> None:
    golden_set, _ = GoldenSet.objects.get_or_create(
        source=source,
        defaults={"name": f"History of {source.name}"[:100], "kind": GoldenSet.Kind.HISTORY},
    )
    kept = [example.oid for example in examples]
    golden_set.entries.exclude(key__in=kept).delete()
    for example in examples:
        golden_set.entries.update_or_create(
            key=example.oid,
            defaults={
                "query": example.query,
                "source": source,
                "gold": [{"path": path} for path in sorted(example.gold)],
                "asked_at": example.committed_at,
            },
        )


# --- Imported ---------------------------------------------------------------------------------


@transaction.atomic
def import_set(name: str, content: bytes) -> GoldenSet:
    """Make or replace an imported set from JSON lines; raise GoldenSetInvalid with the wrong line."""
    name = name.strip()
    if not name or len(name) > MAX_KEY // 2 or "\0" in name:
        raise GoldenSetInvalid("Give the set a name of at most 100 characters.")
    taken = GoldenSet.objects.filter(name=name).exclude(kind=GoldenSet.Kind.IMPORTED)
    if taken.exists():
        raise GoldenSetInvalid(f"{name!r} is not an imported set: choose another name.")
    numbered = numbered_questions(content, name=name)
    if not 0 < len(numbered) <= MOST_IMPORTED:
        raise GoldenSetInvalid(
            f"{name}: {len(numbered)} questions; from 1 to {MOST_IMPORTED} will do."
        )
    sources = {source.name: source for source in Source.objects.all()}
    entries = _imported(name, numbered, sources)
    golden_set, _ = GoldenSet.objects.get_or_create(name=name, kind=GoldenSet.Kind.IMPORTED)
    golden_set.entries.exclude(key__in=[entry.key for entry in entries]).delete()
    for entry in entries:
        golden_set.entries.update_or_create(
            key=entry.key,
            defaults={"query": entry.query, "source": entry.source, "gold": entry.gold},
        )
    return golden_set


def _imported(
    name: str, numbered: Sequence[tuple[int, GoldenQuestion]], sources: dict[str, Source]
) -> list[GoldenEntry]:
    entries: dict[str, GoldenEntry] = {}
    for number, question in numbered:
        if problem := _problem(question, sources):
            raise GoldenSetInvalid(f"{name}, line {number}: {problem}")
        if question.id in entries:
            raise GoldenSetInvalid(f"{name}, line {number}: the id {question.id!r} came before")
        entries[question.id] = GoldenEntry(
            key=question.id,
            query=question.query,
            source=sources[question.source] if question.source else None,
            gold=[_gold_json(one.path, one.span) for one in question.gold],
        )
    return list(entries.values())


def _problem(question: GoldenQuestion, sources: dict[str, Source]) -> str:
    """Say what is wrong with a question that is well-formed; empty: nothing."""
    if not 0 < len(question.id) <= MAX_KEY:
        return f"an id has from 1 to {MAX_KEY} characters"
    if not question.query.strip() or len(question.query) > MAX_QUERY:
        return f"a query has from 1 to {MAX_QUERY} characters"
    if "\0" in question.id + question.query + "".join(gold.path for gold in question.gold):
        return "a character with the number 0 cannot be searched for"
    if question.source is not None and question.source not in sources:
        return f"there is no source called {question.source!r}"
    return ""


def _gold_json(path: str, span: Span | None) -> dict[str, object]:
    lines = {"start": span.start_line, "end": span.end_line} if span else {}
    return {"path": path, **lines}


# --- Saved by people --------------------------------------------------------------------------


def save_question(
    query: str, source: Source, gold: Gold, *, by: str, is_accepted: bool
) -> GoldenEntry:
    """Save that this place answers this query; raise ProposalRefused when it cannot be.

    Whether the person may read the place is the caller's business. A place that is added to a
    query of the same person and source is one more answer to it.
    """
    query = query.strip()
    if not query or len(query) > MAX_QUERY or "\0" in query:
        raise ProposalRefused(f"A question has from 1 to {MAX_QUERY} characters.")
    state = GoldenEntry.State.ACCEPTED if is_accepted else GoldenEntry.State.PROPOSED
    with transaction.atomic():
        golden_set, _ = GoldenSet.objects.get_or_create(name=SAVED, kind=GoldenSet.Kind.SAVED)
        # One at a time: two clicks at once are two answers to one question.
        GoldenSet.objects.select_for_update().get(pk=golden_set.pk)
        waiting = golden_set.entries.filter(proposed_by=by, state=GoldenEntry.State.PROPOSED)
        if not is_accepted and waiting.count() >= MOST_PROPOSED:
            raise ProposalRefused(
                f"{MOST_PROPOSED} questions of yours wait for an admin: wait for these first."
            )
        about = {"query": query, "source": source, "proposed_by": by, "state": state}
        entry = golden_set.entries.filter(**about).first()
        if entry is None:
            entry = golden_set.entries.create(key=uuid4().hex, gold=[], **about)
        place = _gold_json(gold.path, gold.span)
        if place not in entry.gold:
            entry.gold = [*entry.gold, place]
            entry.save(update_fields=["gold"])
    return entry
