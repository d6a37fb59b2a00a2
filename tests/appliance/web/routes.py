"""Every address of the product, from its resolver: what suites over all pages walk through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

EXAMPLES = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uuidstr": "00000000-0000-4000-8000-000000000000",
    "int": "1",
    "path": "cart.py",
    "str": "shop",
    "slug": "shop",
}
CONVERTED = re.compile(r"<(?:(\w+):)?(\w+)>")
NAMED = re.compile(r"\(\?P<\w+>[^()]*\)")


@dataclass(frozen=True, slots=True)
class Route:
    """One address with an example in the place of each part."""

    path: str
    name: str
    view: Any


def routes() -> list[Route]:
    return list(_below(get_resolver(), "/"))


def _below(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _below(pattern, prefix + _example(str(pattern.pattern)))
        elif isinstance(pattern, URLPattern):
            path = prefix + _example(str(pattern.pattern))
            yield Route(path, pattern.name or path, pattern.callback)


def _example(pattern: str) -> str:
    plain = NAMED.sub("x", pattern).strip("^$").replace("\\", "")
    return CONVERTED.sub(lambda match: EXAMPLES[match.group(1) or "str"], plain)
