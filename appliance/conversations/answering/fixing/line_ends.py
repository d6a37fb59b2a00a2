"""The line ends of a file in a diff of it: the index keeps texts without carriage returns.

Of a file that mixes both ends each line keeps its own; what is added ends as the line above it does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from appliance.conversations.answering.fixing.unified import NO_END

HUNK = re.compile(r"@@ -(\d+)")


def with_line_ends(diff: str, raw: Sequence[bytes]) -> str:
    """Return the diff of one file with the line ends of the file's own lines."""
    if not any(line.endswith(b"\r") for line in raw):
        return diff
    lines = diff.split("\n")
    ended: list[str] = []
    at = 0  # lines of the file before this one, counted from 0
    is_in_hunk = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if found := HUNK.match(line):
            at, is_in_hunk = max(0, int(found[1]) - 1), True
        elif is_in_hunk and line[:1] in {" ", "-", "+"}:
            # The last line has no end, so it says nothing of one.
            own = at if line[0] != "+" else max(0, at - 1)
            is_last = following == NO_END
            line += "" if is_last or not _has_return(raw, own) else "\r"
            at += line[0] != "+"
        ended.append(line)
    return "\n".join(ended)


def _has_return(raw: Sequence[bytes], at: int) -> bool:
    """Return whether a line ends with one; the last, which has no end, is like the one before."""
    at = min(at, len(raw) - 2)
    return at >= 0 and raw[at].endswith(b"\r")
