"""Which mode a question suggests, by its form alone: no model is asked, so it costs nothing.

A wrong choice is cheap, and seen: the answer says in which mode it was given, and people choose
themselves whenever they like. How often it is right: the table in its test.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from appliance.conversations.answering.fixing.detecting import looks_broken
from appliance.conversations.answering.flow import ANSWERINGS
from appliance.conversations.modes import AUTO, Mode

LOOKED_AT = 20_000  # letters

# The name of an error with what it says: KeyError: 'sku', error[E0308]: mismatched types.
ERROR = re.compile(
    r"^[\w.]*(?:Error|Exception|Panic|Fault)\b: ?\S|^(?:fatal |compile )?error(?:\[\w+\])?: \S",
    re.MULTILINE,
)
FIX_REQUEST = re.compile(
    r"\A\W*(?:please |can you |could you )?(?:fix|repair|patch)\b", re.IGNORECASE
)

# What one search does not answer: ways through the code, consequences, comparisons.
SEVERAL = re.compile(
    r"\bhow (?:do|does|is|are) .{1,120}?\b(?:flows?|travels?|propagates?|passed (?:on|along)"
    r"|end up|get from|go from|gets? to|reach(?:es)?)\b"
    r"|\bwhat (?:would|will|could|might|else) .{0,40}?\b(?:break|change|be affected|stop working)"
    r"|\b(?:trace|walk (?:me|us) through|follow|step through|go through)\b"
    r"|\b(?:across|end[- ]to[- ]end|all the way|everywhere|every (?:place|caller|use)|all (?:places"
    r"|callers|uses|usages))\b"
    r"|\b(?:compare[ds]?|comparison|versus|vs\.?|differences? between|differs? from|in contrast)\b"
    r"|\b(?:who|what) (?:all )?(?:calls|uses|depends on)\b.*\band\b"
    r"|\b(?:impact|consequences|side[- ]effects) of\b"
    r"|\bfrom .{2,60}? (?:through|via) .{2,60}? to\b",
    re.IGNORECASE,
)
# A second question in the same breath: "... and where is it stored?"
SECOND = re.compile(
    r"[,;]? (?:and|then) (?:then )?(?:how|where|why|when|who|which|what)\b", re.IGNORECASE
)
LISTED = re.compile(r"^\s*(?:[-*•]|\d+[.)]) \S", re.MULTILINE)


def chosen_for(text: str, among: Collection[Mode] = tuple(ANSWERINGS)) -> Mode:
    """Return the mode that a question suggests, of those there are."""
    text = text[:LOOKED_AT]
    if Mode.FIX in among and _is_about_something_broken(text):
        return Mode.FIX
    if Mode.PAIR in among and _asks_for_several_things(text):
        return Mode.PAIR
    return Mode.ANSWER


def mode_of(choice: str, text: str) -> Mode:
    """Return the mode in which a question is answered: the chosen one, or what it suggests."""
    return chosen_for(text) if choice == AUTO else Mode(choice)


def _is_about_something_broken(text: str) -> bool:
    if looks_broken(text) or FIX_REQUEST.search(text):
        return True
    return bool(ERROR.search(text)) and "\n" in text.strip()


def _asks_for_several_things(text: str) -> bool:
    if SEVERAL.search(text) or SECOND.search(text):
        return True
    return text.count("?") > 1 or len(LISTED.findall(text)) > 1
