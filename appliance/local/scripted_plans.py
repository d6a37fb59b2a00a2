"""A scripted model for the mode "pair": plans by a rule, and answers by citing all that it is given.

It knows nothing about the question: first it looks for the uses of the name that the best place
defines, then it reads the best place of another file, then it writes. What that finds beyond one
search is what the steps by themselves are worth; a real model should do better.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from inference import fake_answers
from inference.protocol import ChatMessage
from inference.testing import FakeModel

PLACE = re.compile(r"^(P\d+) (\S+) lines \d+-\d+(?: `([^`]+)`)?", re.MULTILINE)
TAKEN = re.compile(r"^\d+\. ", re.MULTILINE)
HANDLE = re.compile(r"^\[(E\d+)\]", re.MULTILINE)
NAME = re.compile(r"\w+$")


class PlanningModel(FakeModel):
    """Deterministic: the same plan for the same list of places."""

    def answer(self, messages: Sequence[ChatMessage]) -> str:
        if fake_answers.is_asked_for_json(messages):
            return json.dumps(_plan(messages[1].content))
        handles = HANDLE.findall(messages[-1].content)
        return "It stands here " + "".join(f"[{handle}]" for handle in handles) + "."


def _plan(prompt: str) -> dict[str, str]:
    places = PLACE.findall(prompt)
    taken = len(TAKEN.findall(prompt[prompt.rfind("Actions taken:") :]))
    names = [found[0] for _, _, symbol in places if (found := NAME.search(symbol))]
    if taken == 1 and names:
        return {"action": "references", "text": names[0]}
    others = [number for number, path, _ in places if path != places[0][1]]
    if taken == 2 and others:
        return {"action": "read", "text": "", "place": others[0]}
    return {"action": "write", "text": ""}
