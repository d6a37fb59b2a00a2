"""After a sync: makes the saved searches with alerts again, each as its owner may read then.

What has to be looked at is a comparison in the database and not a list that somebody could lose: a
search whose refs have other editions than when it was looked at last. What was found and what is
told of it are written in one transaction, so that a worker may die at any moment and nothing is
told twice or lost.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.sources.access import granted_scope_of
from appliance.sources.models import Delivery, Notification, SavedSearch
from appliance.sources.saved.matches import (
    Found,
    Match,
    Within,
    found_by,
    known_after,
    known_of,
    new_among,
)
from appliance.sources.saved.places import MOST_PLACES, places_of
from appliance.sources.sets.picking import picked
from indexer.codesearch.errors import QueryRefused
from indexer.models import Ref, Source
from indexer.scope import Scope
from indexer.wall import behind

logger = logging.getLogger(__name__)

SECONDS = 20.0  # of one round; the next goes on
KEPT_NOTIFICATIONS = 200  # of one person
MOST_DELIVERIES = 30  # of one person within an hour: what is more stays in the product
APPLIANCE = "appliance"
WAITED_LONGEST = F("looked_at").asc(nulls_first=True)

State = SavedSearch.State


def look_around(*, seconds: float = SECONDS) -> int:
    """Look at every alert whose sources changed; return how many searches were made."""
    deadline = time.monotonic() + seconds
    editions: dict[int, list[str]] = defaultdict(list)
    for source_id, edition in Ref.objects.order_by("pk").values_list("source_id", "edition"):
        editions[source_id].append(str(edition))
    names = dict(Source.objects.values_list("name", "pk"))
    scopes: dict[int, Scope] = {}
    looked = 0
    alerts = SavedSearch.objects.filter(is_alert=True, owner__is_active=True)
    # Whoever waited longest comes first, so that a round that ends early is fair.
    alerts = alerts.select_related("owner").defer("known")
    for search in alerts.order_by(WAITED_LONGEST, "pk"):
        if time.monotonic() >= deadline:
            break
        if search.owner_id not in scopes:
            scopes[search.owner_id] = granted_scope_of(search.owner)
        within = _within(search, scopes[search.owner_id], names)
        seen = _digest(within, editions)
        if seen != search.seen:
            looked += _look(search, within, seen)
    return looked


def _within(search: SavedSearch, scope: Scope, names: Mapping[str, int]) -> Within:
    found = picked(search.owner, scope, search.narrowing.get("set", ""))
    ref = search.ref or found.ref
    chosen = search.narrowing.get("source", [])
    if not chosen:
        return Within(found.scope, ref)
    return Within(found.scope.narrowed_to(names[name] for name in chosen if name in names), ref)


def _digest(within: Within, editions: Mapping[int, Sequence[str]]) -> str:
    """Return what stands for all that a search may find: what may be read of which ref, and its
    editions."""
    scope = within.scope
    told = [
        repr(sorted(scope.whole_source_ids)),
        repr(scope.rules),
        repr(scope.folders),
        within.ref,
    ]
    told += [f"{pk}:{','.join(editions.get(pk, ()))}" for pk in sorted(scope.source_ids)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _look(search: SavedSearch, within: Within, seen: str) -> int:
    """Make one search and write down what it found; 0 when somebody else has done so meanwhile."""
    found: Found | None = None
    state = State.LOST
    if within.scope.source_ids:
        try:
            with behind(within.scope):
                found = found_by(search, within)
            state = State.CUT if found.is_cut else State.GOOD
        except QueryRefused:
            state = State.REFUSED
    with transaction.atomic():
        rows = SavedSearch.objects.select_for_update(skip_locked=True, of=("self",))
        row = rows.filter(pk=search.pk, seen=search.seen, is_alert=True).first()
        if row is None or row.looked_at != search.looked_at or not _is_same(row, search):
            return 0
        if found is not None:
            news = new_among(found, known_of(row.known)) if row.looked_at else []
            if news and search.owner.is_active:
                _tell(row, seen, news)
            row.known = known_after(row, found)
            row.looked_at = timezone.now()
        row.state, row.seen = state, seen
        row.save(update_fields=["known", "looked_at", "state", "seen"])
    logger.info("saved_search=%s state=%s", search.pk, state)
    return 1


def _is_same(row: SavedSearch, search: SavedSearch) -> bool:
    """Return whether what was searched for is still what is wanted."""
    asked = ("page", "query", "narrowing", "ref")
    return all(getattr(row, name) == getattr(search, name) for name in asked)


def _tell(search: SavedSearch, seen: str, news: Sequence[Match]) -> None:
    places = places_of(news)
    notification = Notification.objects.create(
        owner=search.owner,
        search=search,
        seen=seen,
        count=len(news),
        places=[place.to_json() for place in places[:MOST_PLACES]],
    )
    roads = [Delivery.Road.MAIL] if search.by_mail else []
    roads += [Delivery.Road.WEBHOOK] if search.by_webhook else []
    if _sent_lately(search.owner) + len(roads) <= MOST_DELIVERIES:
        Delivery.objects.bulk_create(
            [Delivery(notification=notification, road=road) for road in roads]
        )
    old = Notification.objects.filter(owner=search.owner)[KEPT_NOTIFICATIONS:]
    Notification.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    details = {"matches": len(news), "files": len(places), "person": search.owner.get_username()}
    target = Target("saved search", str(search.pk), search.name)
    record(Action.ALERT_SENT, actor=APPLIANCE, target=target, details=details)


def _sent_lately(owner: User) -> int:
    since = timezone.now() - timedelta(hours=1)
    return Delivery.objects.filter(
        notification__owner=owner, notification__created_at__gt=since
    ).count()
