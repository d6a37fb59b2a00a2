"""Whose call it is: every step of a tool asks anew what its token may read at that moment."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from asgiref.sync import sync_to_async
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.http import Http404, HttpRequest
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from appliance.accounts.models import ApiToken, TokenRight, User
from appliance.accounts.tokens import TokenRefused, token_again
from appliance.audit.acting import acting_as
from appliance.audit.errors import NotRecorded
from appliance.sources.access import scope_of_token
from appliance.sources.grounds import Grounds
from indexer import wall
from indexer.scope import Scope

T = TypeVar("T")
ToolContext: TypeAlias = Context[Any, Any]

logger = logging.getLogger(__name__)

KEY = "plumbline.caller"  # under which the server's door leaves the caller in the ASGI scope
ENDED = "This token opens nothing any more. Make a new one on the page of your tokens."
BROKEN = "This does not work at the moment. Try again in a minute."
NOT_RECORDED = "What was asked for could not be recorded, so it was not done. Try again later."


@dataclass(frozen=True, slots=True)
class Caller:
    """The program behind a request, as its door has let it in."""

    token_id: int
    remote_address: str
    base_url: str  # of the appliance, as the program reaches it


@dataclass(frozen=True, slots=True)
class Access:
    """What the caller may do at this moment."""

    user: User
    token: ApiToken
    scope: Scope
    base_url: str

    def grounds(self) -> Grounds:
        return Grounds.of(self.user)


async def as_caller(context: ToolContext, right: TokenRight, work: Callable[[Access], T]) -> T:
    """Do work that reads the database for the caller, behind both walls, in the thread of its
    request; what fails is said in a sentence and tells nothing else."""
    request = context.request_context.request
    assert request is not None  # noqa: S101  every call comes over HTTP, through the door
    caller: Caller = request.scope[KEY]
    return await sync_to_async(within)(caller, right, work)


def within(caller: Caller, right: TokenRight, work: Callable[[Access], T]) -> T:
    """Do work in what the caller may read; what may fail comes out as a ToolError."""
    try:
        return _done(caller, right, work)
    except TokenRefused:
        raise ToolError(ENDED) from None
    except Http404:
        raise ToolError("There is no such thing, or this token may not read it.") from None
    except ValidationError as exc:
        raise ToolError(" ".join(exc.messages)) from None
    except NotRecorded:
        logger.exception("a tool could not be recorded")
        raise ToolError(NOT_RECORDED) from None
    except DatabaseError:
        logger.exception("a tool could not read the database")
        raise ToolError(BROKEN) from None


def _done(caller: Caller, right: TokenRight, work: Callable[[Access], T]) -> T:
    token = token_again(caller.token_id)
    if right not in token.rights:
        raise ToolError(f"This token lacks the right {right}. Make one that has it.")
    scope = scope_of_token(token)
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = caller.remote_address
    with acting_as(token.user, request), wall.behind(scope):
        return work(Access(token.user, token, scope, caller.base_url))
