"""Who acts at this moment: the person behind a request, or the command line.

Plain functions record what they do without being handed a person: who called them is known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # manage.py says who acts before Django is set up
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.http import HttpRequest

Actor: TypeAlias = "AbstractBaseUser | AnonymousUser | str | None"

APPLIANCE = "appliance"  # what its workers do by themselves
COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody who acts, from a request or without one."""

    actor: Actor
    request: HttpRequest | None = None


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def who_acts() -> Acting:
    """Return who acts now; within a request, whoever is signed in at this moment."""
    acting = _acting.get()
    if acting is None:
        return Acting(APPLIANCE)
    if acting.request is not None and acting.actor is None:
        return Acting(_person_of(acting.request), acting.request)
    return acting


def _person_of(request: HttpRequest) -> Actor:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


@contextmanager
def acting_as(actor: Actor, request: HttpRequest | None = None) -> Iterator[None]:
    """Record what is done inside as done by this actor, or by whoever the request is from."""
    token = _acting.set(Acting(actor, request))
    try:
        yield
    finally:
        _acting.reset(token)
