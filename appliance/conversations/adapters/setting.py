"""What an admin decides of adapters: every change with its record, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.conversations.adapters.models import ModelAdapter
from appliance.conversations.chatservers import ServerState
from indexer.models import Source


def learned_from_of(states: Sequence[ServerState], name: str) -> frozenset[str]:
    """Return the names of the sources that an adapter learned from, as the gateways tell."""
    return frozenset(
        str(source)
        for state in states
        for told in state.about.get("adapters", ())
        if told.get("name") == name
        for source in told.get("learned_from", ())
    )


@transaction.atomic
def set_adapter(
    name: str, *, groups: Collection[Group], sources: Collection[Source], by: Actor
) -> ModelAdapter:
    """Say whose questions an adapter answers, and what it learned from."""
    learned = [[source.pk, source.name] for source in sorted(sources, key=lambda one: one.name)]
    told = {"learned_from": learned, "set_by": _name_of(by), "set_at": timezone.now()}
    adapter, _ = ModelAdapter.objects.update_or_create(name=name, defaults=told)
    adapter.groups.set(groups)
    record(Action.ADAPTER_SET, actor=by, target=_target(adapter), details=_described(adapter))
    return adapter


@transaction.atomic
def remove_adapter(adapter: ModelAdapter, *, by: Actor) -> None:
    """Let nobody be answered by an adapter any more."""
    record(Action.ADAPTER_REMOVED, actor=by, target=_target(adapter), details=_described(adapter))
    adapter.delete()


def _name_of(by: Actor) -> str:
    return by if isinstance(by, str) else (by.get_username() if by else "")


def _target(adapter: ModelAdapter) -> Target:
    return Target("adapter", str(adapter.pk), adapter.name)


def _described(adapter: ModelAdapter) -> Mapping[str, Any]:
    groups = sorted(adapter.groups.values_list("name", flat=True))
    return {"groups": groups, "learned_from": adapter.source_names}
