"""Reads the changes that a model wrote, however it wrote them: diffs, or pairs to search and replace.

Models get diffs nearly right: line numbers and counts are guessed, `a/` and `b/` are left out, the
blank in front of an unchanged line is lost. So nothing of that is believed here: a hunk is the lines
that were and the lines that shall be. Where they belong is looked up afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from appliance.conversations.checking.sentences import DIFF_LANGUAGES

LONGEST = 200_000  # letters of all blocks of an answer
HUNK = re.compile(r"@@(?: -(\d{1,9})(?:,\d{1,9})? \+\d{1,9}(?:,\d{1,9})? @@)?")
OLD_FILE = re.compile(r"--- (\S[^\t\n]{0,1000})")
NEW_FILE = re.compile(r"\+\+\+ (\S[^\t\n]{0,1000})")
GIT_FILE = re.compile(r"diff --git (?:\"?a/)?(\S{1,1000}) (?:\"?b/)?(\S{1,1000})")
NAMED_FILE = re.compile(r"\*\*\* (Update|Add|Delete) File: (\S[^\n]{0,1000})")
NOISE = re.compile(
    r"(?:index [0-9a-f]|\*\*\* (?:Begin|End) |\\ No newline|similarity index|diff -)"
)
REFUSED = (
    (re.compile(r"GIT binary patch|Binary files "), "It changes a binary file."),
    (re.compile(r"deleted file mode "), "It deletes a file."),
    (re.compile(r"(?:rename|copy) (?:from|to) "), "It renames or copies a file."),
    (re.compile(r"(?:new file mode|new mode|old mode) 12"), "It makes a symbolic link."),
    (re.compile(r"(?:new file mode|new mode|old mode) 16"), "It changes a submodule."),
    (re.compile(r"(?:old|new) mode |new file mode (?!100644)"), "It changes the mode of a file."),
)
SEARCH = re.compile(r"\s{0,3}<{5,9} ?(?:SEARCH|ORIGINAL)?\s*$")
DIVIDER = re.compile(r"\s{0,3}={5,9}\s*$")
REPLACE = re.compile(r"\s{0,3}>{5,9} ?(?:REPLACE|UPDATED)?\s*$")
NOTHING = "/dev/null"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk: kept (blank), taken away (-) or added (+)."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    lines: tuple[Line, ...]
    hint: int = 0  # the line at which it is said to begin; 0: not said

    @property
    def old(self) -> list[str]:
        return [line.text for line in self.lines if line.sign != "+"]

    @property
    def new(self) -> list[str]:
        return [line.text for line in self.lines if line.sign != "-"]

    @property
    def changes(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class FileChange:
    """What is to be changed in one file."""

    path: str  # as it was written; empty: not said
    hunks: tuple[Hunk, ...]
    is_new: bool = False
    refusal: str = ""  # why this is no change that is taken: a sentence


@dataclass(slots=True)
class _Reading:
    """The file that is being read."""

    path: str = ""
    is_new: bool = False
    refusal: str = ""
    hunks: list[Hunk] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    hint: int = 0
    is_in_hunk: bool = False

    def end_hunk(self) -> None:
        while self.lines and self.lines[-1] == Line(" ", ""):
            self.lines.pop()  # blank lines in front of a fence or the next heading
        if self.lines:
            self.hunks.append(Hunk(tuple(self.lines), self.hint))
        self.lines, self.hint, self.is_in_hunk = [], 0, False

    def change(self) -> FileChange | None:
        self.end_hunk()
        if not self.path and not self.hunks and not self.refusal:
            return None
        return FileChange(self.path, tuple(self.hunks), self.is_new, self.refusal)


def changes_in(block: str) -> list[FileChange]:
    """Return the changes of one block."""
    if len(block) > LONGEST:
        return [FileChange("", (), refusal=f"It is longer than {LONGEST:,} letters.")]
    lines = [line.rstrip("\r") for line in block.split("\n")]
    if any(SEARCH.match(line) for line in lines):
        return _pairs(lines)
    return _diff(lines)


def is_change(block: str, language: str) -> bool:
    """Return whether a fenced block is meant as a change of files."""
    if language.lower() in DIFF_LANGUAGES:
        return True
    lines = block.split("\n")
    has_files = any(OLD_FILE.match(line) or NAMED_FILE.match(line) for line in lines)
    return (has_files and any(line.startswith(("+", "@@")) for line in lines)) or (
        any(SEARCH.match(line) for line in lines) and any(REPLACE.match(line) for line in lines)
    )


def _diff(lines: Sequence[str]) -> list[FileChange]:
    changes: list[FileChange] = []
    reading = _Reading()
    for at, line in enumerate(lines):
        if _begins_file(lines, at, reading):
            if change := reading.change():
                changes.append(change)
            reading = _Reading()
        _read(lines, at, line, reading)
    if change := reading.change():
        changes.append(change)
    return changes


def _begins_file(lines: Sequence[str], at: int, reading: _Reading) -> bool:
    line = lines[at]
    if GIT_FILE.match(line) or NAMED_FILE.match(line):
        return True
    if not (OLD_FILE.match(line) and at + 1 < len(lines) and NEW_FILE.match(lines[at + 1])):
        return False
    return bool(reading.hunks or reading.lines)  # else it belongs to a heading that began already


def _read(lines: Sequence[str], at: int, line: str, reading: _Reading) -> None:
    if _read_heading(lines, at, line, reading):
        return
    if hunk := HUNK.match(line):
        reading.end_hunk()
        reading.hint = int(hunk[1] or 0)
        reading.is_in_hunk = True
    elif NOISE.match(line):
        return
    elif reading.is_in_hunk or reading.path:
        reading.lines.append(_line(line))


def _read_heading(lines: Sequence[str], at: int, line: str, reading: _Reading) -> bool:
    """Take what a heading says of a file; inside a hunk only what cannot be a line of it."""
    if named := NAMED_FILE.match(line):
        reading.path, reading.is_new = named[2].strip(), named[1] == "Add"
        reading.refusal = "It deletes a file." if named[1] == "Delete" else ""
        return True
    if git := GIT_FILE.match(line):
        reading.path = git[2]
        return True
    if reading.lines:
        return False
    for form, sentence in REFUSED:
        if form.match(line):
            reading.refusal = sentence
            return True
    if line.startswith("new file mode"):
        reading.is_new = True
        return True
    return _read_names(lines, at, line, reading)


def _read_names(lines: Sequence[str], at: int, line: str, reading: _Reading) -> bool:
    if (old := OLD_FILE.match(line)) and at + 1 < len(lines) and NEW_FILE.match(lines[at + 1]):
        reading.is_new = reading.is_new or old[1].strip() == NOTHING
        reading.path = reading.path or _path(old[1], "a/")
        return True
    new = NEW_FILE.match(line)
    old = OLD_FILE.match(lines[at - 1]) if new and at else None
    if not new or not old:
        return False
    if new[1].strip() == NOTHING:
        reading.refusal = "It deletes a file."
    else:
        has_letter = old[1].strip().startswith(("a/", NOTHING))
        reading.path = _path(new[1], "b/" if has_letter else "")
    return True


def _path(written: str, letter: str) -> str:
    path = written.strip().strip('"')
    return "" if path == NOTHING else path.removeprefix(letter)


def _line(line: str) -> Line:
    """Read a line of a hunk: without a sign it is one that stays and has lost its blank."""
    if line[:1] in {"+", "-", " "} and line:
        return Line(line[0], line[1:])
    return Line(" ", line)


def _pairs(lines: Sequence[str]) -> list[FileChange]:
    """Read pairs of what is searched for and what takes its place."""
    changes: list[FileChange] = []
    path, at = "", 0
    while at < len(lines):
        if not SEARCH.match(lines[at]):
            path = _named(lines[at]) or path
            at += 1
            continue
        divider = next((n for n in range(at + 1, len(lines)) if DIVIDER.match(lines[n])), None)
        end = next((n for n in range(divider or at, len(lines)) if REPLACE.match(lines[n])), None)
        if divider is None or end is None:
            changes.append(FileChange(path, (), refusal="One of its pairs has no end."))
            break
        old, new = lines[at + 1 : divider], lines[divider + 1 : end]
        hunk = Hunk((*(Line("-", one) for one in old), *(Line("+", one) for one in new)))
        is_new = not any(line.strip() for line in old)
        changes.append(FileChange(path, (hunk,), is_new=is_new))
        at = end + 1
    return changes


def _named(line: str) -> str:
    """Return the path that stands alone on a line."""
    bare = line.strip().strip("`*:#").strip()
    bare = bare.removeprefix("File:").removeprefix("file:").strip()
    return bare if bare and not re.search(r"\s", bare) and re.search(r"[./]", bare) else ""
