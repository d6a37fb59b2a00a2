"""What a log, a container or a mail puts before each line of a trace, taken away again.

A trace is pasted from where it was seen: `web-1  |   File "/app/a.py", line 3`, a date and a
process before each line, `> ` before what somebody sent on.
"""

from __future__ import annotations

import re

_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
PREFIXES = tuple(
    re.compile(form)
    for form in (
        r"(?:> ?){1,5}",  # sent on
        r"[\w.-]{1,80} {0,20}\| ?",  # docker compose
        r"\[?pod/[\w./-]{1,200}\]? ",  # kubectl logs --prefix
        rf"\[?\d{{4}}-\d\d-\d\d[T ]{_TIME}\]? ?(?:std(?:out|err) [FP] )?",  # a log, a container's
        rf"[A-Z][a-z]{{2}} [ \d]\d {_TIME} \S{{1,200}} [\w./@-]{{1,100}}(?:\[\d{{1,10}}\])?: ?",  # journal
        r"\s{0,20}(?:\| ){1,9}",  # Python's groups of exceptions
    )
)


def bare(line: str) -> str:
    """Return a line as the program wrote it."""
    for form in PREFIXES:
        if found := form.match(line):
            line = line[found.end() :]
    return line
