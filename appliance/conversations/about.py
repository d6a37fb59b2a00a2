"""What a question begins with that somebody asks about lines of a file: the place, in words."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.http import QueryDict

LONGEST_PATH = 1024
LINES = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


def about(query: QueryDict, names: Collection[str]) -> dict[str, object]:
    """Return what the form of a question starts with: nothing unless `about` names a readable
    source and a path, as the code view's link does. What is there is looked up when it is asked."""
    source, _, path = query.get("about", "").partition(":")
    if source not in names or not path or len(path) > LONGEST_PATH or not path.isprintable():
        return {}
    found = LINES.fullmatch(query.get("lines", ""))
    where = ""
    if found:
        where = f", line {found[1]}" if not found[2] else f", lines {found[1]} to {found[2]}"
    started: dict[str, object] = {"question": f"About {path}{where}: ", "sources": [source]}
    if ref := query.get("ref", "")[:250]:
        started["ref"] = ref
    return started
