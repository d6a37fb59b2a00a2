"""Cuts an answer into sentences, also while it is being written.

A sentence ends at a full stop, a line end, or the end of a fenced block, and takes the markers that
stand behind it. It is handed out when nothing that follows can change it. Sentences tile the
answer: joined, they are the answer again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.conversations.checking.markers import MARKER, UNFINISHED, in_brackets

LONGEST = 2000  # letters; more than that is cut, wherever it stands
LOOKED_AT = 2 * LONGEST

FENCE = re.compile(r"([ \t]{0,12})(`{3,}+|~{3,}+)[ \t]*([\w-]{0,20})[^\n]*+\n")
# In a diff a fence that is further in is a line of the file that it changes.
DIFF_LANGUAGES = frozenset({"diff", "patch", "udiff"})
MAYBE_FENCE = re.compile(r"[ \t]{0,12}(?:`{1,2}|~{1,2}|`{3,}+[^\n]*+|~{3,}+[^\n]*+)\Z")
CODE_SPAN = re.compile(r"``(?:[^`\n]|`(?!`)){1,400}``|`[^`\n]{1,400}`")
OPEN_SPAN = re.compile(r"`[^\n]{0,800}\Z")
STOP = re.compile(r"[.!?\u3002\uff01\uff1f]+[\"')*_\u201d\u2019]*|\n")
SPACED = re.compile(r"[ \t]*")
FILLER = "\x01"  # stands for a marker; the model's own are removed as invisible
MARKERS_BEHIND = re.compile(rf"[ \t]*{FILLER}(?:{FILLER}|[ \t]+(?={FILLER}))*")
MARKERS_ALONE = re.compile(rf"[ \t]*{FILLER}[{FILLER} \t.]*(?:\n|\Z)")
MARKERS_SO_FAR = re.compile(rf"[ \t]*(?:{FILLER}[{FILLER} \t.]*)?")
ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|resp|incl|no|fig|p)\.\Z", re.IGNORECASE
)
LIST_NUMBER = re.compile(r"\A[\s>]*\d{1,3}\.\Z")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A part of an answer that is judged as one."""

    start: int  # letters of the answer before it
    text: str  # as it was written, the space behind it and markers, in square brackets, included
    is_code: bool = False  # a fenced block

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class SentenceReader:
    """Takes an answer piece by piece and gives each sentence as soon as it has ended."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0  # where in _text the sentence begins that has not ended
        self._before = 0  # letters of the answer that are not in _text any more

    def feed(self, piece: str) -> list[Sentence]:
        """Return the sentences that end with this piece of the answer."""
        self._text = self._text[self._at :] + in_brackets(piece)
        self._before += self._at
        self._at = 0
        return self._read(is_last=False)

    def finish(self) -> list[Sentence]:
        """Return what is left: the answer has ended."""
        return self._read(is_last=True)

    def _read(self, *, is_last: bool) -> list[Sentence]:
        sentences: list[Sentence] = []
        if not is_last and self._is_amid():
            return sentences
        while self._at < len(self._text):
            end, is_code = _end_of(self._text, self._at, is_last=is_last)
            if end is None:
                break
            text = self._text[self._at : end]
            sentences.append(Sentence(self._before + self._at, text, is_code))
            self._at = end
        return sentences

    def _is_amid(self) -> bool:
        """Return whether nothing can end here: most pieces of an answer come amid a sentence."""
        is_short = len(self._text) - self._at <= LONGEST
        return is_short and not STOP.search(self._text, self._at)


def sentences_of(text: str) -> list[Sentence]:
    """Return the sentences of a whole answer."""
    reader = SentenceReader()
    return [*reader.feed(text), *reader.finish()]


def _end_of(text: str, at: int, *, is_last: bool) -> tuple[int | None, bool]:
    """Return where the sentence ends that begins at a place, None while that is open."""
    window = text[at : at + LOOKED_AT]
    is_whole = is_last or at + len(window) < len(text)  # nothing comes behind the window's end
    first = len(window) - len(window.lstrip())
    line = window.rfind("\n", 0, first) + 1
    if fence := FENCE.match(window, line):
        end = _end_of_block(text, at + fence.end(), fence, is_last=is_last)
        return (None if end is None else _with_markers(text, end, is_last=is_last)), True
    if not is_last and MAYBE_FENCE.match(window, line):
        return None, False
    if first == len(window):
        return (at + len(window) if is_whole else None), False
    return _end_of_prose(text, at, window, first, is_last=is_last), False


def _end_of_block(text: str, at: int, opened: re.Match[str], *, is_last: bool) -> int | None:
    indent, fence, language = opened.groups()
    margin = indent if language.lower() in DIFF_LANGUAGES else r"[ \t]{0,12}"
    closing = re.compile(rf"^{margin}{fence[0]}{{{len(fence)},}}[ \t]*(\n|\Z)", re.MULTILINE)
    for found in closing.finditer(text, at):
        return found.end() if is_last or found[1] else None
    return len(text) if is_last else None


def _end_of_prose(text: str, at: int, window: str, first: int, *, is_last: bool) -> int | None:
    masked, open_from = _masked_to(text, at, window, is_last=is_last)
    is_open = open_from < len(masked) or not (is_last or at + len(window) < len(text))
    for stop in STOP.finditer(masked, first, min(open_from, LONGEST)):
        end = _end_at(masked, first, stop, open_from, is_open=is_open)
        if end is None:
            return None
        if end:
            return at + _before_cut_marker(text, at, window, end)
    # One letter more must be known: it may begin a marker.
    if open_from > LONGEST or (not is_open and len(masked) > LONGEST):
        return _cut(text, at, masked)
    return None if is_open else at + len(masked)


def _before_cut_marker(text: str, at: int, window: str, end: int) -> int:
    """Return the end, or where a marker begins that reaches over the edge of the window."""
    if end < len(window):
        return end
    cut = UNFINISHED.search(window)
    return cut.start() if cut and MARKER.match(text, at + cut.start()) else end


def _masked_to(text: str, at: int, window: str, *, is_last: bool) -> tuple[str, int]:
    """Return the window masked, and from where on a marker in it is not finished."""
    masked = _masked(window)
    open_from = len(masked)
    if unfinished := UNFINISHED.search(masked):
        start = unfinished.start()
        if MARKER.match(text, at + start):  # it ends behind the window
            masked = masked[:start] + FILLER * (len(masked) - start)
        elif not is_last and UNFINISHED.match(text, at + start):
            open_from = start
    is_open = not (is_last or at + len(window) < len(text))
    if is_open and (span := OPEN_SPAN.search(masked)):  # more of the line may close it
        open_from = min(open_from, span.start())
    return masked, open_from


def _end_at(
    masked: str, first: int, stop: re.Match[str], open_from: int, *, is_open: bool
) -> int | None:
    """Return where a sentence ends that may stop here: 0 if it does not, None if that is open."""
    if stop[0] == "\n":
        return _end_at_line(masked, stop.end(), open_from, is_open=is_open)
    said = masked[max(first, stop.end() - 12) : stop.end()]
    if ABBREVIATION.search(said) or LIST_NUMBER.match(masked[first : stop.end()]):
        return 0
    behind = MARKERS_BEHIND.match(masked, stop.end(), open_from)
    end = behind.end() if behind else stop.end()
    space = SPACED.match(masked, end)
    following = space.end() if space else end
    if following >= open_from and is_open:
        return None
    if following == len(masked):
        return following
    if masked[following] == "\n":
        return 0  # the line ends: what stands alone in the next may belong to it
    is_apart = following > end or behind or stop[0][0] in "\u3002\uff01\uff1f"
    return following if is_apart else 0


def _end_at_line(masked: str, end: int, open_from: int, *, is_open: bool) -> int | None:
    so_far = MARKERS_SO_FAR.match(masked, end, open_from)
    if is_open and so_far and so_far.end() >= open_from:
        return None
    alone = MARKERS_ALONE.match(masked, end)
    return alone.end() if alone else end


def _with_markers(text: str, end: int, *, is_last: bool) -> int | None:
    """Return the end of a block with the markers that stand alone behind it."""
    window = text[end : end + LONGEST]
    masked, open_from = _masked_to(text, end, window, is_last=is_last)
    is_open = open_from < len(masked) or not (is_last or end + len(window) < len(text))
    behind = _end_at_line(masked, 0, open_from, is_open=is_open)
    return None if behind is None else end + behind


def _cut(text: str, at: int, masked: str) -> int:
    """Return where a sentence that goes on and on is cut: never inside a marker."""
    cut = LONGEST
    while cut and masked[cut - 1] == masked[cut] == FILLER:
        cut -= 1
    if cut:
        return at + cut
    ends = [found.end() for found in MARKER.finditer(text, at, at + LONGEST)]
    marker = MARKER.match(text, at)
    return ends[-1] if ends else marker.end() if marker else at + LONGEST


def _masked(window: str) -> str:
    """Return the text with its markers filled in and its code blanked: stops in code end nothing."""
    marked = MARKER.sub(lambda found: FILLER * len(found[0]), window)
    return CODE_SPAN.sub(
        lambda found: found[0] if FILLER in found[0] else "x" * len(found[0]), marked
    )
