"""Pages for what is not there, for what was refused, and for what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string

TRY_AGAIN_S = 30


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say the same whether a thing does not exist or may not be seen."""
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke; of a database that does not answer, that it is worth waiting.

    Rendered without what pages ask the database for: that may be what broke.
    """
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        html = render_to_string("503.html", {"request": request})
        return HttpResponse(html, status=503, headers={"Retry-After": str(TRY_AGAIN_S)})
    return HttpResponse(render_to_string("500.html", {"request": request}), status=500)


class RefusalPages:
    """Shows people a page where a view answers with a bare sentence or with nothing.

    So it is when the address of a form is opened as a page, or an export is refused. What scripts
    and programs are answered stays as it is: they ask for no page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not isinstance(response, HttpResponse) or response.status_code < 400:
            return response
        if _is_bare(response) and _wants_page(request):
            _dress(request, response)
        return response


def _wants_page(request: HttpRequest) -> bool:
    is_ours = "HX-Request" in request.headers
    return "text/html" in request.headers.get("Accept", "") and not is_ours


def _is_bare(response: HttpResponse) -> bool:
    return not response.content or response["Content-Type"].startswith("text/plain")


def _dress(request: HttpRequest, response: HttpResponse) -> None:
    """Put the page into the response itself: its status and headers are right already."""
    sentence = response.content.decode(errors="replace").strip()
    name = "405.html" if response.status_code == 405 else "web/refused.html"
    response.content = render_to_string(name, {"request": request, "sentence": sentence}).encode()
    response["Content-Type"] = "text/html; charset=utf-8"
    response["Content-Length"] = str(len(response.content))  # of the bare one it was stated already
