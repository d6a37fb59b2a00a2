"""What every SCIM request goes through: the token, the body, and errors in SCIM's form."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, IntegrityError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt

from appliance.accounts.models import Directory
from appliance.accounts.refusals import record_refusal
from appliance.accounts.scim.errors import ScimError, invalid_syntax, not_unique
from appliance.accounts.scim.tokens import find_token
from appliance.audit.recording import Target

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/scim+json"
MAX_BODY_BYTES = 16 * 1024 * 1024  # a group of 10,000 members takes about two


@dataclass(frozen=True, slots=True)
class Call:
    """One request by a directory, whose token was good."""

    directory: Directory
    method: str
    query: QueryDict
    base: str  # the address of this directory's service
    read_body: Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    body: dict[str, Any] | None
    status: int = 200


View = Callable[..., Answer]


def endpoint(*methods: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """Make a Django view of a function that takes a Call and gives an Answer."""

    def decorate(view: View) -> Callable[..., HttpResponse]:
        @csrf_exempt  # no cookie opens anything here
        @login_not_required
        @wraps(view)
        def answered(request: HttpRequest, slug: str, **kwargs: str) -> HttpResponse:
            try:
                call = _call(request, slug)
                if call.method not in methods:
                    raise ScimError(405, f"{call.method} is not possible here.")
                answer = view(call, **kwargs)
            except ScimError as exc:
                answer = Answer(exc.to_json(), exc.status)
            except IntegrityError:
                answer = Answer(
                    not_unique("Something of this name was made meanwhile.").to_json(), 409
                )
            except DatabaseError:
                logger.exception("directory=%s a request could not be done", slug)
                answer = Answer(ScimError(503, "The database does not answer.").to_json(), 503)
            return _response(answer)

        return answered

    return decorate


def _call(request: HttpRequest, slug: str) -> Call:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = find_token(slug, text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        record_refusal(request, "scim", target=Target("directory", name=slug[:60]))
        raise ScimError(401, "The token is missing, wrong, revoked or expired.")
    return Call(
        token.directory,
        str(request.method),
        request.GET,
        request.build_absolute_uri(f"/scim/v2/{slug}"),
        lambda: _body(request),
    )


def _body(request: HttpRequest) -> dict[str, Any]:
    raw = request.read(MAX_BODY_BYTES + 1)
    if len(raw) > MAX_BODY_BYTES:
        raise ScimError(413, f"At most {MAX_BODY_BYTES} bytes in one request.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid_syntax("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid_syntax("The body must be an object.")
    return body


def _response(answer: Answer) -> HttpResponse:
    content = b"" if answer.body is None else json.dumps(answer.body).encode()
    response = HttpResponse(content, status=answer.status, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    if answer.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="scim"'
    if answer.status == 201 and answer.body:
        response["Location"] = answer.body["meta"]["location"]
    return response
