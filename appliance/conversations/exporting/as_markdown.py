"""The export for reading.

What people and models wrote stands in quotes (`>`), where no heading or open fence of theirs can
reach the rest of the file. An answer with markup that would load or link something where the file
is shown is put into a fence as it is: it can be read there, and does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils import timezone
from markdown_it import MarkdownIt
from markdown_it.token import Token

from appliance.conversations.exporting.pieces import Export, ExportedMessage, summary_of
from appliance.conversations.prompting.prompts import fenced
from appliance.conversations.visible import visible

# Reads all that viewers of Markdown may read: images, links, references and raw HTML.
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ACTIVE = frozenset({"image", "link_open", "html_inline", "html_block"})
PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&$:@/])")
ROLES = {"question": "Question", "answer": "Answer"}
SEALED = "This {} rests on sources that you may not read."


def to_markdown(export: Export) -> str:
    today = timezone.localdate().isoformat()
    what = "all branches" if export.is_whole else "one path"
    head = [f"# {plain(export.title)}", f"Exported from Plumbline on {today}: {what}."]
    parts = [part for message in export.messages for part in _message(message, export)]
    return "\n\n".join([*head, *parts]) + "\n"


def _message(message: ExportedMessage, export: Export) -> Iterator[str]:
    after = f", after {message.after}" if export.is_whole and message.after else ""
    yield f"## {message.number}. {ROLES[message.role]}{after}"
    if message.is_sealed:
        yield f"*{SEALED.format(message.role)}*"
        return
    if message.text.strip():
        yield _quoted(message.text)
    if notes := list(_notes(message)):
        yield fenced(notes)


def _quoted(text: str) -> str:
    """Return a text that holds nothing active as a quote, any other in a fence."""
    lines = text.splitlines()
    quoted = "\n".join(f"> {line}".rstrip() for line in lines)
    return fenced(lines) if is_active(quoted) else quoted


def is_active(text: str) -> bool:
    """Return whether a text, shown as Markdown, would load or link something."""
    found: dict[str, object] = {}
    tokens = PARSER.parse(text, found)
    # What a text defines as the target of `[1]` would hold for the whole file.
    return bool(found.get("references")) or _is_active(tokens)


def _is_active(tokens: list[Token]) -> bool:
    return any(token.type in ACTIVE or _is_active(token.children or []) for token in tokens)


def _notes(message: ExportedMessage) -> Iterator[str]:
    """Yield the citations and what is known of the message, a line each."""
    for number, place in enumerate(message.places, start=1):
        yield _line(f"[{number}] {place}")
    if message.is_pinned:
        yield "pinned"
    if message.role == "question":
        return
    yield f"state: {message.state}"
    if message.error:
        yield _line(f"note: {message.error}")
    if checks := summary_of(message.checks):
        yield f"checks: {', '.join(checks)}"
    for source in message.receipt.get("sources", ()):
        yield _line(f"searched: {source['name']}@{source['commit']}")
    if query := message.receipt.get("query"):
        yield _line(f"query: {query}")


def _line(text: str) -> str:
    """Return a text on one line: a path may hold line breaks, and whatever else there is."""
    return visible(" ".join(text.splitlines()))


def plain(text: str) -> str:
    """Return a text of which nothing means anything in Markdown."""
    return PUNCTUATION.sub(r"\\\1", _line(text))
