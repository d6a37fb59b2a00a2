"""Follow-ups to an answer, from what lies beside its evidence; no model is asked for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath

from appliance.conversations.models import Message, MessageEvidence
from indexer.models import Definition
from indexer.retrieval.beginning import files_beside
from indexer.retrieval.symbols import SEPARATOR, uses_of
from indexer.scope import Scope

MOST = 3
LOOKED_AT = 3  # pieces of evidence, the cited first
SHORTEST_NAME = 4
VALUES = ("constant", "field", "pair", "section")  # kinds of definition that do nothing
Role = MessageEvidence.Role


def follow_ups(message: Message, scope: Scope) -> list[str]:
    """Return up to three questions, none for an answer that found nothing; call it for an answer
    that its reader may see, with what they may read now."""
    if message.is_open or message.not_found or message.state == Message.State.FAILED:
        return []
    links = _evidence(message, scope)
    ways = [_used(links, message, scope), _defined(links, message), _beside(links, message, scope)]
    questions = (question for way in ways for question in islice(way, 1))
    return list(dict.fromkeys(questions))[:MOST]


def _evidence(message: Message, scope: Scope) -> list[MessageEvidence]:
    """Return the first pieces that may be read: what is cited, or else what stood in the prompt."""
    links = message.evidence_links.filter(role__in=[Role.CITED, Role.IN_PROMPT, Role.FOUND])
    ordered = sorted(
        links.select_related("evidence__source"), key=lambda one: (one.role != Role.CITED, one.pk)
    )
    readable = [one for one in ordered if scope.allows(one.evidence.source_id, one.evidence.path)]
    return readable[:LOOKED_AT]


def _used(links: Sequence[MessageEvidence], message: Message, scope: Scope) -> Iterator[str]:
    """Ask where a cited definition is used, when something uses it."""
    refs = (message.ref,) if message.ref else ()
    for link in sorted(links, key=lambda one: _is_private(one.evidence.symbol)):
        name = SEPARATOR.split(link.evidence.symbol)[-1]
        if len(name) >= SHORTEST_NAME and uses_of(name, scope=scope, refs=refs, limit=1).total:
            yield f"Where is {link.evidence.symbol} used?"


def _defined(links: Sequence[MessageEvidence], message: Message) -> Iterator[str]:
    """Ask what the same file defines next to what was cited, if the answer does not speak of it."""
    for link in links:
        evidence = link.evidence
        defined = Definition.objects.filter(blob_id=evidence.blob_id).exclude(kind__in=VALUES)
        after = defined.filter(start_line__gt=evidence.end_line).order_by("start_line")
        before = defined.filter(end_line__lt=evidence.start_line).order_by("-start_line")
        for one in [*after[:4], *before[:4]]:
            if _is_telling(one.name, message):
                yield f"What does {one.qualified} in {evidence.path} do?"


def _is_private(symbol: str) -> bool:
    return SEPARATOR.split(symbol)[-1].startswith("_")


def _is_telling(name: str, message: Message) -> bool:
    """Return whether a name is worth a question: public, no abbreviation, and new to the answer."""
    return len(name) >= SHORTEST_NAME and not _is_private(name) and name not in message.text


def _beside(links: Sequence[MessageEvidence], message: Message, scope: Scope) -> Iterator[str]:
    """Ask about a file beside a cited one: what tests it, or what lies in the same folder."""
    seen = {link.evidence.path for link in links}
    for link in links:
        evidence = link.evidence
        for one in files_beside(scope, evidence.source_id, evidence.path, ref=message.ref):
            if one.path in seen or not _is_telling(PurePosixPath(one.path).stem, message):
                continue
            if one.is_test:
                yield f"What does {one.path} test?"
            else:
                yield f"How does {one.path} go together with {evidence.path}?"
