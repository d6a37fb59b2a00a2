"""What both search pages share: the number of the page, and whether the results alone are wanted."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.accounts.requests import SignedInRequest
from appliance.sources.narrowing.addresses import Addresses

MOST_ASKED = 10  # sources that a question about results is put to; of more, to all


def page_of(request: SignedInRequest, last: int) -> int:
    """Return which page is asked for; of anything odd the first, beyond the end the last."""
    asked = request.GET.get("page", "1")
    return min(max(int(asked), 1), last) if asked.isdecimal() and len(asked) < 6 else 1


def part_or_page(request: SignedInRequest, name: str) -> str:
    """Return the template: of the results alone for who types, of the whole page for an address."""
    return f"sources/_{name}_found.html" if is_part(request) else f"sources/{name}.html"


def is_part(request: SignedInRequest) -> bool:
    """Return whether htmx asks, in a page that is there already."""
    return "HX-Request" in request.headers


def sources_to_ask(asked: Addresses, found: Iterable[str]) -> list[str]:
    """Return the sources for a question about results: those chosen, else those of the results."""
    names = list(asked.by.sources) or sorted(set(found))
    return names if len(names) <= MOST_ASKED else []
