"""Pages for what is not there and for what went wrong."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
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
