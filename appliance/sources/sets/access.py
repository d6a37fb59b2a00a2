"""Who may pick a set and who may change it. What is read through one, the scope decides as ever."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from appliance.accounts.models import Role, User
from appliance.accounts.roles import has_role
from appliance.sources.models import SourceSet


def sets_of(user: User) -> QuerySet[SourceSet]:
    """Return the sets that somebody may pick: their own first, then those of their groups."""
    mine = Q(owner=user) | Q(group__in=user.groups.all())
    order = (F("owner").desc(nulls_last=True), "name", "group__name", "pk")
    return SourceSet.objects.filter(mine).select_related("group").order_by(*order)


def set_names(user: User) -> list[str]:
    """Return what a picker of sets offers, each name once."""
    return list(dict.fromkeys(sets_of(user).values_list("name", flat=True)))


def find_set(user: User, name: str) -> SourceSet | None:
    """Return the set of this name that somebody may pick; of two their own, else by group."""
    return None if "\0" in name else sets_of(user).filter(name=name).first()


def changeable_sets(user: User) -> QuerySet[SourceSet]:
    """Return one's own sets, and for admins those of all groups."""
    sets = SourceSet.objects.select_related("group")
    if has_role(user, Role.ADMIN):
        return sets.filter(Q(owner=user) | ~Q(group=None))
    return sets.filter(owner=user)


def get_changeable_set(user: User, set_id: int) -> SourceSet:
    """Return a set that somebody may change, or answer 404 as if there were none."""
    if set_id > 2**62:
        raise Http404
    return get_object_or_404(changeable_sets(user), pk=set_id)
