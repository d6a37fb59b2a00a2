"""The help: contents, pages, pictures, and what is found in them."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.views.decorators.http import require_safe

from appliance.web.help import contents
from appliance.web.help.finding import find
from appliance.web.help.rendering import render

LONGEST_QUERY = 200


def menu() -> list[tuple[contents.Part, list[contents.Page]]]:
    return [
        (part, [found for name in part.names if (found := contents.page(name))])
        for part in contents.PARTS
    ]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the contents, or what a query finds."""
    query = request.GET.get("q", "").replace("\x00", "")[:LONGEST_QUERY].strip()
    context = {"menu": menu(), "query": query, "hits": find(query)}
    return render_template(request, "web/help/index.html", context)


@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    shown = contents.page(name)
    if shown is None:
        raise Http404
    before, after = contents.neighbours(name)
    context = {
        "page": shown,
        "rendered": render(shown),
        "menu": menu(),
        "before": before,
        "after": after,
    }
    return render_template(request, "web/help/page.html", context)


@require_safe
def picture(request: HttpRequest, name: str) -> HttpResponse:
    """Send a picture of the documentation."""
    path = contents.picture(name)
    if path is None:
        raise Http404
    return HttpResponse(path.read_bytes(), "image/png")
