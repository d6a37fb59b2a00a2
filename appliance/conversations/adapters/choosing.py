"""Which model answers a person: the base model, or the adapter of one of their groups."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from appliance.accounts.models import User
from appliance.conversations import chatservers
from appliance.conversations.adapters.models import ModelAdapter
from indexer.scope import Scope

logger = logging.getLogger(__name__)

FRESH_S = 15.0  # adapters come and go with a start of vLLM


@dataclass(frozen=True, slots=True)
class Chosen:
    """The adapter that answers; what it learned from is behind its answers like the evidence is."""

    name: str = ""  # empty: the base model
    source_ids: frozenset[int] = frozenset()


BASE = Chosen()


@dataclass(slots=True)
class _Seen:
    at: float = float("-inf")
    names: frozenset[str] = frozenset()


_seen = _Seen()


def chosen_for(user: User, scope: Scope) -> Chosen:
    """Return what answers somebody with this scope; of several adapters the first by name.

    An adapter whose sources they may not all read whole is not theirs, whatever their groups; one
    that some chat server does not serve at this moment answers nobody.
    """
    theirs = ModelAdapter.objects.filter(groups__user=user).distinct()
    allowed = [one for one in theirs if one.source_ids <= scope.whole_source_ids]
    if not allowed:
        return BASE
    served = served_adapters()
    for one in allowed:
        if one.name in served:
            return Chosen(one.name, one.source_ids)
        logger.warning("adapter not served name=%s", one.name)
    return BASE


def served_adapters() -> frozenset[str]:
    """Return the models beside the base model that every chat server serves which answers."""
    if time.monotonic() - _seen.at > FRESH_S:
        try:
            states = [state for state in chatservers.describe() if state.is_up]
        except ValueError:  # what is wrong with the settings is said by the answer
            states = []
        names = [frozenset(state.adapters) for state in states]
        _seen.names = frozenset.intersection(*names) if names else frozenset()
        _seen.at = time.monotonic()
    return _seen.names


def forget_served() -> None:
    """Look anew at the next question."""
    _seen.at = float("-inf")
