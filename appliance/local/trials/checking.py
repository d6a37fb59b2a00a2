"""After a fault: nothing lost, nothing doubled, nobody shown what they may not read, the audit whole."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from appliance.local.trials.using import Journal, request_sync_of
from appliance.local.trials.world import World

PATIENCE_S = 300.0  # longer than the lease of a job whose worker died


@dataclass(frozen=True, slots=True)
class Findings:
    """What does not hold, in sentences; all empty: it was survived."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong_reader: tuple[str, ...]
    leaked: tuple[str, ...]
    audit: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.lost, *self.doubled, *self.wrong_reader, *self.leaked, *self.audit)


def look(world: World, journal: Journal, *, clock_was_set: bool = False) -> Findings:
    """Look at everything; waits until what was begun has ended. Nobody may be at work."""
    from django.db import connection

    connection.close()  # the one from before may lead to a server that is gone
    lost = (*_unanswered(journal), *_behind(world))
    return Findings(
        lost=lost,
        doubled=(*_asked_twice(journal), *_stored_twice()),
        wrong_reader=tuple(journal.wrong),
        leaked=tuple(journal.leaked),
        audit=(*_broken_chain(clock_was_set=clock_was_set), *_unrecorded()),
    )


def wait_until(holds: Callable[[], bool], within_s: float = PATIENCE_S) -> bool:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def _unanswered(journal: Journal) -> Iterator[str]:
    """Every question that was taken is there, and its answer has come to an end."""
    from appliance.conversations.models import Message

    promised = dict(journal.promised)
    open_states = [Message.State.QUEUED, Message.State.SEARCHING, Message.State.WRITING]
    waiting = Message.objects.filter(pk__in=promised, state__in=open_states)
    if not wait_until(lambda: not waiting.exists()):
        yield f"{waiting.count()} answers never came to an end"
    there = {str(pk) for pk in Message.objects.filter(pk__in=promised).values_list("pk", flat=True)}
    yield from (f"answer {number} is gone" for number in promised if number not in there)


def _behind(world: World) -> Iterator[str]:
    """Every source shows exactly what git has."""
    from indexer.models import Document, Job

    for marker in world.repositories:
        request_sync_of(marker)
    active = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    if not wait_until(lambda: not active.exists()):
        kinds = Counter(active.values_list("kind", "state"))
        yield f"jobs that never came to an end: {dict(kinds)}"
    for marker in world.repositories:
        live = Document.objects.filter(source__name=marker)
        shown = dict(live.values_list("path", "blob__oid"))
        if shown != (tree := world.tree(marker)):
            yield f"{marker} shows {len(shown)} files, git has {len(tree)}"


def _asked_twice(journal: Journal) -> Iterator[str]:
    """Nobody has more threads than questions, and no question more than one answer."""
    from appliance.conversations.models import Message, Thread

    threads = Counter(Thread.objects.values_list("owner__username", flat=True))
    for name, count in threads.items():
        if count > journal.keys[name]:
            yield f"{name} asked {journal.keys[name]} questions and has {count} threads"
    messages = Counter(Message.objects.values_list("thread_id", "role"))
    twice = sum(count > 1 for count in messages.values())
    if twice:
        yield f"{twice} threads hold a question or an answer twice"


def _stored_twice() -> Iterator[str]:
    from indexer.models import Chunk, Document, Embedding, Revision

    keys: dict[str, list[tuple[object, ...]]] = {
        "documents": list(Document.objects.values_list("source_id", "path", "blob_id")),
        "chunks": list(Chunk.objects.values_list("blob_id", "ordinal")),
        "vectors": list(Embedding.objects.values_list("digest", "model")),
        "revisions": list(Revision.objects.values_list("ref_id", "commit", "live_at")),
    }
    for name, rows in keys.items():
        twice = sum(count > 1 for count in Counter(rows).values())
        if twice:
            yield f"{twice} {name} are stored twice"


def _broken_chain(*, clock_was_set: bool) -> Iterator[str]:
    """The record is whole; where the clock was set back, it says so and is whole on both sides."""
    from appliance.audit.heads import known_heads
    from appliance.audit.verifying import verify

    first = 1
    while True:
        heads = [head for head in known_heads() if head.sequence >= first]
        problem = verify(first=first, heads=heads).problem
        if problem is None:
            return
        if problem.kind != "clock" or not clock_was_set:
            yield problem.sentence
            return
        first = problem.sequence  # it goes on behind the moment at which the clock was set


def _unrecorded() -> Iterator[str]:
    """Every question that is stored is recorded, and none that is not."""
    from appliance.audit.actions import Action
    from appliance.audit.models import Event
    from appliance.conversations.models import Thread

    recorded = Event.objects.filter(action=Action.ASKED).count()
    asked = Thread.objects.count()
    if recorded != asked:
        yield f"{asked} questions are stored and {recorded} are recorded"
