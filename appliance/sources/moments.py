"""Works out once for a page what its reader may read: all of a page is of one moment.

Only for the time in which a page is made that changes nothing. A stream, a task and a request that
changes something ask anew every time, so that access that is taken away ends at once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from indexer.scope import Scope

Request = TypeVar("Request", bound=HttpRequest)
Response = TypeVar("Response", bound=HttpResponseBase)
Rest = ParamSpec("Rest")

# By person; None: nothing is kept.
_kept: ContextVar[dict[int, Scope] | None] = ContextVar("scopes_of_a_page", default=None)


def at_one_moment(
    view: Callable[Concatenate[Request, Rest], Response],
) -> Callable[Concatenate[Request, Rest], Response]:
    """Let a view work out once what somebody may read, when it only shows something."""

    @wraps(view)
    def kept(request: Request, /, *rest: Rest.args, **named: Rest.kwargs) -> Response:
        token = _kept.set({} if request.method in {"GET", "HEAD"} else None)
        try:
            return view(request, *rest, **named)
        finally:
            _kept.reset(token)

    return kept


def once(person: int, work_out: Callable[[], Scope]) -> Scope:
    """Return what was worked out for this page, or work it out."""
    scopes = _kept.get()
    if scopes is None:
        return work_out()
    if person not in scopes:
        scopes[person] = work_out()
    return scopes[person]
