"""Where MCP is reached: /mcp, in front of Django, behind the product's own tokens.

Every request stands for itself (no sessions), so any web process may answer any of them. Who comes
from a web page is let in only from this appliance's own pages: else a page elsewhere could talk to
an appliance in the reader's network (DNS rebinding).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from io import BytesIO
from urllib.parse import urlsplit

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from appliance.accounts.bearer import BearerMiddleware
from appliance.accounts.models import ApiToken
from appliance.common import crowds
from appliance.web.api.errors import SENTENCES
from appliance.web.api.limits import count_request
from appliance.web.bodies import App, Message, Receive, Send
from appliance.web.mcp.calling import KEY, Caller
from appliance.web.mcp.server import protocol_server
from appliance.web.measuring import METHODS, REQUEST_SECONDS, REQUESTS

PATH = "/mcp"
ROUTE = "mcp"
MOST_BYTES = 1024 * 1024  # of a call: a question with a pasted trace, not a file


class McpDoor:
    """Answers calls of the protocol; passes everything else on."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].rstrip("/") != PATH:
            await self.app(scope, receive, send)
            return
        # A thread of its own for each request, as Django's handler has it: connections and the
        # wall belong to threads.
        async with ThreadSensitiveContext():
            try:
                await _answer(scope, receive, _Counted(send, str(scope["method"])))
            finally:
                await sync_to_async(connections.close_all)()


async def _answer(scope: Message, receive: Receive, send: Send) -> None:
    request = ASGIRequest(dict(scope), BytesIO())
    refused = await sync_to_async(_refused)(request)
    if refused is not None:
        await _send(refused, send)
        return
    base_url = f"{request.scheme}://{request.get_host()}"
    token: ApiToken = request.token  # type: ignore[attr-defined]  # see TokenRequest
    caller = Caller(token.pk, str(request.META.get("REMOTE_ADDR", "")), base_url)
    with crowds.REQUESTS.with_one_more(token.user_id) as had_room:
        if not had_room:
            await _send(_later(crowds.FULL, crowds.AGAIN_S), send)
            return
        manager = StreamableHTTPSessionManager(
            protocol_server(), stateless=True, max_request_body_size=MOST_BYTES
        )
        async with manager.run():
            await manager.handle_request({**scope, KEY: caller}, receive, send)


def _refused(request: HttpRequest) -> HttpResponseBase | None:
    """Return why this request is not let in; None when it is."""
    close_old_connections()
    try:
        own = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return _told(400, "This appliance is not reached under that name: see PLUMBLINE_HOSTS.")
    if not _is_own(request.headers.get("Origin"), own):
        return _told(403, "Pages of other sites may not talk to this appliance.")
    if request.method != "POST":
        response = _told(405, "Every call is a POST: there are no sessions here.")
        response["Allow"] = "POST"
        return response
    admitted = BearerMiddleware(lambda _: HttpResponse())(request)
    if admitted.status_code >= 400:
        return admitted
    standing = count_request(request.token)  # type: ignore[attr-defined]  # see TokenRequest
    if standing is None or not standing.is_over:
        return None
    response = _later(SENTENCES[429], standing.seconds)
    standing.tell(response)
    return response


def _later(sentence: str, seconds: int) -> HttpResponse:
    """Refuse a program that asks too much, or too much at a time."""
    response = _told(429, sentence)
    response["Retry-After"] = str(seconds)
    return response


def _told(status: int, sentence: str) -> HttpResponse:
    return JsonResponse({"error": sentence}, status=status)


def _is_own(origin: str | None, own: str) -> bool:
    """Return whether a page of the appliance asks, or no page at all."""
    if origin is None:
        return True
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc}" in {own, *settings.CSRF_TRUSTED_ORIGINS}


async def _send(response: HttpResponseBase, send: Send) -> None:
    assert isinstance(response, HttpResponse)  # noqa: S101  refusals are short
    fields: Mapping[str, str] = response.headers
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


class _Counted:
    """Sends an answer as it is, marked as one person's, and counts it as pages are counted."""

    def __init__(self, send: Send, method: str) -> None:
        self._send = send
        self._method = method if method in METHODS else "other"
        self._started = time.perf_counter()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
            headers = [
                *kept,
                (b"cache-control", b"private, no-store"),
                (b"x-accel-buffering", b"no"),
            ]
            message = {**message, "headers": headers}
            REQUESTS.labels(ROUTE, self._method, str(message["status"])).inc()
            REQUEST_SECONDS.labels(ROUTE).observe(time.perf_counter() - self._started)
        await self._send(message)
