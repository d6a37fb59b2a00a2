"""What a person may choose from when they are asked back: names that stand in what was found."""

from __future__ import annotations

import re
from collections.abc import Sequence

from appliance.conversations.answering.pairing.ledger import Ledger
from appliance.conversations.answering.pairing.reach import hits_of

FEWEST = 2  # one alone is no choice


def occurring(options: Sequence[str], ledger: Ledger) -> tuple[str, ...]:
    """Return those that occur as a whole: in the lines that were found, or in what they are called."""
    found = hits_of(entry.lines for entry in ledger.entries)
    text = "\n".join(f"{hit.source}/{hit.path} {hit.symbol}\n{hit.text}" for hit in found)
    spelled = [option for option in options if re.search(r"\w", option)]
    kept = tuple(option for option in spelled if _whole(option).search(text))
    return kept if len(kept) >= FEWEST else ()


def _whole(option: str) -> re.Pattern[str]:
    name = option.strip("`").removesuffix("()")
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
