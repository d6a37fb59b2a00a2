"""Tells the record who acts, refuses what could not be recorded, and notes who was denied what."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from appliance.audit.acting import acting_as
from appliance.audit.errors import NotRecorded
from appliance.web.auditing.denials import note_denied

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]
GetResponseLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class AuditMiddleware:
    """Stands behind the sign-in, so that a person is known, and around every view."""

    sync_capable = async_capable = True

    def __init__(self, get_response: GetResponse | GetResponseLater) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._later(request)
        with acting_as(None, request):
            response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101  it is no coroutine function
        return _watched(request, response)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        with acting_as(None, request):
            response = self.get_response(request)
            assert not isinstance(response, HttpResponseBase)  # noqa: S101  it is to be awaited
            return _watched(request, await response)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Show that nothing was done when it could not be recorded; leave other errors alone."""
        if not isinstance(error, NotRecorded):
            return None
        logger.error("not recorded: %s", error.__cause__)
        response = render(request, "503_not_recorded.html", status=503)
        response["Retry-After"] = "60"
        return response


def _watched(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Look into a 404 when it has been sent: neither it nor its time tells of what is there."""
    if response.status_code == 404:
        # Django's own list of what to call when a response has been sent.
        response._resource_closers.append(partial(note_denied, request))  # type: ignore[attr-defined]
    return response
