"""An answer as the text of a chat message: sentences as they are judged, then where it stands.

Clients show such a text as Markdown, with images and links. A model wrote it, maybe led on by the
code that it read: so nothing of it may load or link anything. Only our own list of citations does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from appliance.conversations.exporting.as_markdown import is_active, plain
from appliance.conversations.modes import Mode
from appliance.web.api.shapes import CitationOut, MessageOut
from appliance.web.chat.shapes import Annotation, UrlCitation

ACTS = re.compile(r"([\\`\[\]()!:])")
NOT_FOUND = "The sources that you may read do not say anything about this."
CORRECTED = "\n\n**This is how it reads after the last check:**\n\n"
BLOCKING = frozenset({Mode.FIX.value})  # what it writes first is taken out of the text in the end


@dataclass
class Wording:
    """The text of one chat message, as it grows: nothing that was said is taken back."""

    said: str = ""
    annotations: list[Annotation] = field(default_factory=list)
    _told: str = ""  # of the answer's own text

    def add(self, shown: MessageOut) -> str:
        """Return what is new of the answer."""
        if shown.mode in BLOCKING or not shown.text.startswith(self._told):
            return ""
        new = shown.text[len(self._told) :]
        self._told = shown.text
        return self._say(new)

    def finish(self, shown: MessageOut) -> str:
        """Return what is said in the end: what was changed, patches, notes and citations."""
        start = len(self.said)
        if shown.text.startswith(self._told):
            self._say(shown.text[len(self._told) :])
        else:
            self.said += CORRECTED
            self._say(shown.text)
        for patch in shown.patches:
            self.said += f"\n\n{_fenced(patch.diff)}"
        for note in (shown.error, NOT_FOUND if shown.not_found and not shown.text else ""):
            self.said += ("\n\n" if self.said and note else "") + note
        self._cite(shown)
        return self.said[start:]

    def _say(self, text: str) -> str:
        """Say a text as it is, or as nothing that acts: what stands before it may make it act."""
        quiet = ACTS.sub(r"\\\1", text).replace("<", "&lt;").replace(">", "&gt;")
        ways = (text, quiet, f"\n\n{quiet}", "")
        safe = next((one for one in ways if not is_active(self.said + one)), "")
        self.said += safe
        return safe

    def _cite(self, shown: MessageOut) -> None:
        if shown.citations:
            self.said += "\n\nSources:\n"
        for one in shown.citations:
            self.said += "\n"
            start = len(self.said)
            self.said += f"- \\[{one.number}\\] [{plain(_title(one))}]({_address(one)})"
            self.said += f" at {one.commit[:12]}"
            self.annotations.append(
                Annotation(
                    url_citation=UrlCitation(
                        url=one.url,
                        title=_title(one),
                        start_index=start,
                        end_index=len(self.said),
                    )
                )
            )


def _title(one: CitationOut) -> str:
    return f"{one.source}: {one.path}, lines {one.first_line} to {one.last_line}"


def _address(one: CitationOut) -> str:
    """Return an address that ends where the link ends, whatever the path is."""
    return one.url.replace("(", "%28").replace(")", "%29").replace("<", "%3C").replace(">", "%3E")


def _fenced(diff: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", diff)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}diff\n{diff.rstrip()}\n{fence}"
