"""The owner's list of answers that changed: a page of it in the same few queries, however long."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import prefetch_related_objects

from appliance.conversations.access import sealed_for_owner
from appliance.conversations.living.models import ChangedAnswer
from appliance.conversations.living.reading import LivingAnswer, living_answers
from appliance.conversations.models import Message
from appliance.conversations.trees import nodes_of
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """One answer of the list; of a sealed one nothing is told but that it is."""

    changed: ChangedAnswer
    question: str  # empty: copied from somebody else, and sealed
    living: LivingAnswer
    is_sealed: bool


def rows_of(listed: Sequence[ChangedAnswer], scope: Scope) -> list[ChangedRow]:
    """Return answers of one person as they may see them, in their order."""
    messages = [one.message for one in listed]
    ids = {pk for message in messages for pk in (message.pk, message.parent_id) if pk}
    sealed = sealed_for_owner(nodes_of(Message.objects.filter(pk__in=ids)), scope)
    seen = [message for message in messages if message.pk not in sealed]
    prefetch_related_objects(seen, "evidence_links__evidence")
    living = living_answers(seen, scope)
    return [
        ChangedRow(
            one,
            _question(one.message, sealed),
            living.get(one.message.pk, LivingAnswer()),
            one.message.pk in sealed,
        )
        for one in listed
    ]


def _question(message: Message, sealed: Collection[UUID]) -> str:
    asked = message.parent
    return asked.text if asked and asked.pk not in sealed else ""
