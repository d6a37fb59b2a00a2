"""Who may do what. Content is another question: `appliance.sources.access` answers that."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase

from appliance.accounts.models import Role, RoleGrant, User
from appliance.accounts.requests import SignedInRequest
from indexer.models import Source
from indexer.wall import as_appliance

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
SignedInView = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def roles_of(user: User) -> frozenset[Role]:
    """Return every role of a person, their own and their groups'; none when they are not active."""
    if not user.is_active:
        return frozenset()
    given = {Role(role) for role in _grants_of(user).values_list("role", flat=True)}
    return frozenset({Role.EMPLOYEE} | given | ({Role.ADMIN} if user.is_staff else set()))


def has_role(user: User, *roles: Role) -> bool:
    """Return whether somebody has one of these roles."""
    if Role.ADMIN in roles and user.is_staff and user.is_active:
        return True  # without a look at the rows: pages ask this several times
    return bool(roles_of(user) & set(roles))


def administered_sources(user: User) -> QuerySet[Source]:
    """Return the sources that somebody manages: an admin all, a source admin their own."""
    if has_role(user, Role.ADMIN):
        return Source.objects.all()
    if not user.is_active:
        return Source.objects.none()
    theirs = _grants_of(user).filter(role=Role.SOURCE_ADMIN)
    return Source.objects.filter(pk__in=theirs.values("source"))


def _grants_of(user: User) -> QuerySet[RoleGrant]:
    return RoleGrant.objects.filter(Q(user=user) | Q(group__user=user))


def role_required(*roles: Role) -> Callable[[SignedInView[P]], View[P]]:
    """Answer 404 to everyone without one of these roles: the page is nobody else's business."""

    def decorate(view: SignedInView[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not (isinstance(request.user, User) and has_role(request.user, *roles)):
                raise Http404
            with as_appliance():  # what is managed is nobody's own
                return view(cast(SignedInRequest, request), *args, **kwargs)

        return guarded

    return decorate
