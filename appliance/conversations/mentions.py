"""Files that a question names as `@source:path`: they are put into its prompt."""

from __future__ import annotations

import re

from appliance.conversations.wanted import File
from appliance.sources.access import find_live_blob
from indexer.scope import Scope

MENTION = re.compile(r"(?<![\w@])@([A-Za-z0-9][\w.-]*):([^\s@`\"'<>|]+)")
CLOSING = ".,;:!?)]}"
MOST_MENTIONS = 8


def mentioned_files(text: str, scope: Scope, ref: str = "") -> tuple[File, ...]:
    """Return the files that a question names and that may be read, each once.

    What is not there, or not to be read, is left as the words that it is: both look the same.
    """
    named = dict.fromkeys(
        File(match[1], match[2].strip("/").rstrip(CLOSING)) for match in MENTION.finditer(text)
    )
    found = (
        file
        for file in list(named)[: 4 * MOST_MENTIONS]
        if find_live_blob(scope, file.source, file.path, ref_name=ref)
    )
    return tuple(file for _, file in zip(range(MOST_MENTIONS), found, strict=False))
