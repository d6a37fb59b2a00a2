"""Whose saved searches and notifications somebody sees: their own, and nobody else's."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from appliance.accounts.models import User
from appliance.sources.models import Notification, SavedSearch

LARGEST_ID = 2**63 - 1


def searches_of(user: User) -> QuerySet[SavedSearch]:
    """Return the person's own searches, each with how many notifications they have not read."""
    unread = Count("notifications", filter=Q(notifications__read_at=None))
    return SavedSearch.objects.filter(owner=user).annotate(unread=unread)


def get_search_for_user(user: User, search_id: int) -> SavedSearch:
    """Return a search of the person's own, or answer 404."""
    if search_id > LARGEST_ID:
        raise Http404
    return get_object_or_404(SavedSearch, owner=user, pk=search_id)


def notifications_of(user: User) -> QuerySet[Notification]:
    return Notification.objects.filter(owner=user).select_related("search")
