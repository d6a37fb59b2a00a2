"""Three good first questions, made of what somebody may read: what its README speaks of, what much
of its code uses, what was changed last.

Kept for ten minutes under the scope itself: people with the same rights get the same questions, and
nobody gets those of a wider scope.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice, zip_longest

from appliance.accounts.models import User
from appliance.sources.access import scope_of
from indexer.models import Commit, Ref, Source
from indexer.retrieval.beginning import headings_of, popular_names
from indexer.scope import Scope

QUESTIONS = 3
LOOKED_AT = 3  # sources: those that changed last
KEPT_S = 600
KEPT_SCOPES = 256
NEWEST = 20  # commits looked at for one that tells something
SUBJECT = range(12, 90)  # characters
PLAIN = (
    "What is {name} made of, and where does it start?",
    "How are errors handled in {name}?",
    "Where does {name} read its settings?",
)


def first_questions(user: User) -> list[str]:
    """Return three questions, fewer only when nothing may be read."""
    return list(_kept(scope_of(user), int(time.time() // KEPT_S)))


@lru_cache(maxsize=KEPT_SCOPES)
def _kept(scope: Scope, _period: int) -> tuple[str, ...]:
    return questions_for(scope)


def questions_for(scope: Scope) -> tuple[str, ...]:
    """Return the questions for a scope: of each kind one, from one source after the other."""
    sources = _liveliest(scope)
    if not sources:
        return ()
    made = [_questions_of(scope, source) for source in sources]
    by_turns = chain.from_iterable(zip_longest(*made))
    plain = (text.format(name=sources[at % len(sources)].name) for at, text in enumerate(PLAIN))
    several = _of_different_kinds(one for one in by_turns if one)
    return tuple(islice(dict.fromkeys(chain(several, plain)), QUESTIONS))


def _liveliest(scope: Scope) -> list[Source]:
    refs = Ref.objects.filter(source_id__in=scope.source_ids, is_default=True)
    newest = refs.select_related("source").order_by("-committed_at", "source_id")[:LOOKED_AT]
    return [ref.source for ref in newest]


def _questions_of(scope: Scope, source: Source) -> list[tuple[str, str]]:
    """Return what can be asked of one source, each with its kind."""
    found = [
        *(("name", name) for name in popular_names(scope, source.pk)),
        *(("heading", title) for title in headings_of(scope, source.pk)),
        *(("commit", subject) for subject in _subjects(scope, source)),
    ]
    words = {
        "name": "What does {} do, and where is it used?",
        "heading": "What does {name} say about \u201c{}\u201d?",
        "commit": "What changed in {name} with \u201c{}\u201d?",
    }
    return [(kind, words[kind].format(one, name=source.name)) for kind, one in found]


def _subjects(scope: Scope, source: Source) -> list[str]:
    """Return what the newest commits say. A message may speak of any file: only who may read the
    whole source is told."""
    if source.pk not in scope.whole_source_ids:
        return []
    newest = Commit.objects.filter(source=source).order_by("-committed_at", "-pk")[:NEWEST]
    lines = (message.strip().split("\n")[0] for message in newest.values_list("message", flat=True))
    return [
        line for line in lines if len(line) in SUBJECT and not line.lower().startswith("merge ")
    ]


def _of_different_kinds(asked: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the first of each kind."""
    seen: set[str] = set()
    for kind, question in asked:
        if kind not in seen:
            seen.add(kind)
            yield question
