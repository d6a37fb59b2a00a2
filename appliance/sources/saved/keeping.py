"""Saves, changes and forgets searches; limits how many one person may keep."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.sources.models import SavedSearch
from appliance.sources.narrowing.narrowing import Narrowing
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.query import read_query

MOST_SAVED = 50
MOST_ALERTS = 20


class NotSaved(Exception):
    """A search cannot be kept as it was asked for; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A search as somebody wants it kept."""

    name: str
    page: str
    query: str
    by: Narrowing
    ref: str = ""
    is_alert: bool = False
    by_mail: bool = False
    by_webhook: bool = False


def save(owner: User, wish: Wish) -> SavedSearch:
    """Keep a further search. Raises NotSaved."""
    return _kept(SavedSearch(owner=owner), wish)


def change(search: SavedSearch, wish: Wish) -> SavedSearch:
    """Keep it in another form. Raises NotSaved."""
    return _kept(search, wish)


def forget(search: SavedSearch) -> None:
    with transaction.atomic():
        if search.is_alert:
            _record(search, "removed")
        search.delete()


def _kept(search: SavedSearch, wish: Wish) -> SavedSearch:
    if wish.page == SavedSearch.Page.CODE:
        _check(wish.query)
    before = (search.page, search.query, search.narrowing, search.ref)
    was_alert = search.is_alert
    search.name, search.page, search.query = wish.name, wish.page, wish.query
    search.narrowing, search.ref = wish.by.to_json(), wish.ref
    search.is_alert, search.by_mail, search.by_webhook = (
        wish.is_alert,
        wish.by_mail,
        wish.by_webhook,
    )
    now = (search.page, search.query, search.narrowing, search.ref)
    if now != before or (wish.is_alert and not was_alert):
        # What it finds from here on is no news: the next look only learns it.
        search.known, search.seen, search.looked_at = b"", "", None
        search.state = SavedSearch.State.GOOD
    try:
        with transaction.atomic():
            _check_limits(search)
            search.save()
            if search.is_alert or was_alert:
                _record(search, "on" if search.is_alert else "off")
    except IntegrityError as exc:
        raise NotSaved(f"You have a saved search called {wish.name} already.") from exc
    return search


def _check(query: str) -> None:
    try:
        read_query(query)
    except QueryRefused as exc:
        raise NotSaved(str(exc)) from exc


def _check_limits(search: SavedSearch) -> None:
    User.objects.select_for_update().get(pk=search.owner_id)
    others = SavedSearch.objects.filter(owner_id=search.owner_id).exclude(pk=search.pk)
    if others.count() >= MOST_SAVED:
        raise NotSaved(f"You have {MOST_SAVED} saved searches. Delete one that you do not use.")
    if search.is_alert and others.filter(is_alert=True).count() >= MOST_ALERTS:
        raise NotSaved(f"You have {MOST_ALERTS} alerts. Switch off one that you do not need.")


def _record(search: SavedSearch, what: str) -> None:
    """Record where matches are sent to, not what is looked for."""
    details = {"alert": what, "mail": search.by_mail, "webhook": search.by_webhook}
    target = Target("saved search", str(search.pk), search.name)
    record(Action.ALERT_CHANGED, target=target, details=details)
