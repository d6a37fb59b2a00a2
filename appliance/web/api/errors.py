"""Every error of the API in one shape, wherever it arises.

Below /api/ that is problem details (RFC 9457), below /v1/ what OpenAI's clients expect. What a view
does not say itself (an address that is not there, a fault) is said here, so that no program is ever
answered with a page.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from appliance.accounts.bearer import PREFIXES, WITHOUT_TOKEN
from appliance.common.problems import CONTENT_TYPE, problem, problem_of
from appliance.web.api.limits import Standing

CHAT, JSON = "/v1/", "application/json"
SENTENCES = {
    400: "This request makes no sense to the server. See the reference of the API.",
    403: "This is not allowed.",
    404: "There is nothing at this address, or nothing that this token reads.",
    405: "This address does not take this method. The header Allow names those that it takes.",
    413: "The request is too large.",
    429: "These are too many requests. Wait as long as the header Retry-After says.",
    500: "Something went wrong on the server. Its log says what.",
    503: "This could not be done at the moment. Try again later.",
}
KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
CODES = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}

Respond = Callable[[HttpRequest], HttpResponseBase]
RespondLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class Refused(Exception):
    """A request of a program that is not done; the sentence says why, and what to do."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more

    def response(self) -> HttpResponse:
        response = problem(self.status, self.detail, **self.more)
        for name, value in self.headers.items():
            response[name] = value
        return response


class ApiErrors:
    """Stands around everything that answers the API, and adds how many requests are left."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Respond | RespondLater) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        response = self.get_response(request)
        if isinstance(response, HttpResponseBase):
            return _told(request, response)
        return self._later(request, response)

    async def _later(
        self, request: HttpRequest, response: Awaitable[HttpResponseBase]
    ) -> HttpResponseBase:
        return _told(request, await response)


def _told(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not request.path_info.startswith(PREFIXES):
        return response
    # A program that asks to be let in is answered in the shapes of RFC 8628.
    is_by_device = request.path_info in WITHOUT_TOKEN and response["Content-Type"] == JSON
    if response.status_code >= HTTPStatus.BAD_REQUEST and not is_by_device:
        response = _in_shape(request.path_info, response)
    standing = getattr(request, "standing", None)
    if isinstance(standing, Standing):
        standing.tell(response)
    return response


def _in_shape(path: str, response: HttpResponseBase) -> HttpResponseBase:
    is_told = response["Content-Type"] == CONTENT_TYPE and isinstance(response, HttpResponse)
    if is_told and not path.startswith(CHAT):
        return response
    status = response.status_code
    if is_told and isinstance(response, HttpResponse):
        told = json.loads(response.content)
    else:
        told = problem_of(status, SENTENCES.get(status, SENTENCES[400]))
    shaped = _as_openai(told) if path.startswith(CHAT) else problem(status, told["detail"])
    for name, value in response.items():
        if name in KEPT or (name not in shaped.headers and name.lower() != "content-length"):
            shaped[name] = value
    shaped._resource_closers += response._resource_closers  # type: ignore[attr-defined]
    return shaped


def _as_openai(told: Mapping[str, Any]) -> JsonResponse:
    status = told["status"]
    kind = "server_error" if status >= 500 else KINDS.get(status, "invalid_request_error")
    error = {
        "message": told["detail"],
        "type": kind,
        "param": told.get("param"),
        "code": told.get("code") or CODES.get(status),
    }
    return JsonResponse({"error": error}, status=status)
