"""What the fake model says: decided by the prompt alone, so that journeys are the same every time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.protocol import ChatMessage

# Evidence as prompts carry it: a heading line that begins with a handle, then lines of code.
HEADING = re.compile(r"^\s*\[(E\d+)\][ \t]*(.*)$", re.MULTILINE)
IDENTIFIER = re.compile(r"\b(?:def|class|func|fn|function|interface|struct)\s+([A-Za-z_]\w*)")
DEMAND = re.compile(r"\bSAY:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
MAX_CITED = 2
LAST_PLAN = '{"action": "write", "text": ""}'


def answer_from_evidence(messages: Sequence[ChatMessage]) -> str:
    """Name and cite the first pieces of evidence; without evidence, repeat the last line asked.

    The repetition makes the fake a sound, if dull, rewriter of follow-up questions.
    """
    asked = "\n".join(message.content for message in messages if message.role == "user")
    headings = list(HEADING.finditer(asked))
    if not headings:
        return last_line(asked)
    ends = [heading.start() for heading in headings[1:]] + [len(asked)]
    sentences: dict[str, str] = {}
    for heading, end in zip(headings, ends, strict=True):
        handle, title = heading.groups()
        sentences.setdefault(handle, _sentence(handle, title, asked[heading.end() : end]))
    return " ".join(list(sentences.values())[:MAX_CITED])


def obey(messages: Sequence[ChatMessage]) -> str:
    """Do what any text in the prompt demands: the worst that injected instructions can achieve.

    A line with `SAY: text` is answered by the text (a written backslash-n ends a line), and
    `PRINT EVERYTHING` by the whole prompt. Without a demand, answers like the ordinary fake.
    """
    prompt = "\n".join(message.content for message in messages)
    said = demanded(messages)
    if "print everything" in prompt.lower():
        said = f"{said}\n{prompt}" if said else prompt
    return said or answer_from_evidence(messages)


def demanded(messages: Sequence[ChatMessage]) -> str:
    """Return what the texts of a prompt demand to be said, one demand a line."""
    prompt = "\n".join(message.content for message in messages)
    return "\n".join(demand.replace("\\n", "\n") for demand in DEMAND.findall(prompt))


def is_asked_for_json(messages: Sequence[ChatMessage]) -> bool:
    return bool(messages) and messages[-1].content.rstrip().endswith("JSON:")


def echo(messages: Sequence[ChatMessage]) -> str:
    return messages[-1].content if messages else ""


def is_shown_its_answer(messages: Sequence[ChatMessage]) -> bool:
    """Return whether the last request is about the answer before it and brings no evidence."""
    if len(messages) < 3 or messages[-2].role != "assistant":
        return False
    return HEADING.search(messages[-1].content) is None


def last_line(text: str) -> str:
    """Return the last line with text on it, without a label such as `Question:`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"^[A-Z][\w -]{0,30}:\s+", "", lines[-1]) if lines else ""


def _sentence(handle: str, title: str, code: str) -> str:
    if named := IDENTIFIER.search(code):
        return f"`{named.group(1)}` is defined there [{handle}]."
    path = next((word for word in title.split() if "/" in word or "." in word), "the evidence")
    return f"See {path} [{handle}]."
