"""Does a question paste something that is broken? Then it is answered with a patch."""

from __future__ import annotations

import re

from appliance.conversations.answering.fixing.snippets import snippets_in
from appliance.conversations.answering.fixing.traces import LONGEST, read_trace

COMPLAINT = re.compile(
    r"\b(?:fix(?:es|ed)?|bugs?|bugg(?:y|ed)|broken|breaks?|crash(?:es|ed)?|fails?|failed|failing|wrong|errors?|"
    r"exceptions?|traceback|panics?|panicked|segfaults?|does(?:n't| not) work|not working|stopped working|"
    r"should (?:return|be|give)|instead of|repair|patch)\b",
    re.IGNORECASE,
)
LEAST_LINES = 2  # of pasted code


def looks_broken(text: str) -> bool:
    """Return whether the text holds a stack trace, or code of which something is said to be wrong."""
    text = text[:LONGEST]
    trace = read_trace(text)
    if len(trace.frames) >= 2 or (trace.frames and trace.error):
        return True
    if not COMPLAINT.search(text):
        return False
    if trace.frames:
        return True
    return any(
        sum(bool(line.strip()) for line in snippet.lines) >= LEAST_LINES
        for snippet in snippets_in(text)
    )
