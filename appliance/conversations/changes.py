"""Proposed changes as a page shows them: each file with its lines, and what the checks found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from appliance.conversations.answering.fixing.patches import State
from appliance.conversations.models import Message
from appliance.conversations.visible import visible

MOST_LINES = 400  # shown of one patch; all of it is in the download
LABELS = {
    "files": "Files", "applies": "Applies", "parses": "Parses", "names": "Names", "runs": "Tests",
}  # fmt: skip
SIGNS = {"passed": "\u2713", "failed": "\u2717", "marked": "!", "skipped": "\u2013"}
WORDS = {"passed": "passed", "failed": "failed", "marked": "look at it", "skipped": "not checked"}
KINDS = {"+": "added", "-": "removed", "@": "place", " ": "same"}
HEADINGS = ("diff --git ", "new file mode ")


@dataclass(frozen=True, slots=True)
class CheckView:
    label: str
    verdict: str
    sign: str
    word: str
    reason: str
    output: str  # of a run that failed

    @property
    def parts(self) -> list[tuple[bool, str]]:
        """Return the reason in parts, and of each whether it stood between backticks."""
        return [(at % 2 == 1, part) for at, part in enumerate(self.reason.split("`")) if part]


@dataclass(frozen=True, slots=True)
class DiffLine:
    kind: str  # added, removed, same, place
    text: str  # with its sign


@dataclass(frozen=True, slots=True)
class FileView:
    path: str
    is_new: bool
    added: int
    removed: int
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True)
class PatchView:
    number: int  # from 1
    source: str
    commit: str
    state: str
    is_repaired: bool
    files: tuple[FileView, ...]
    checks: tuple[CheckView, ...]
    diff: str
    left_out: int  # lines that are not shown
    url: str

    @property
    def is_usable(self) -> bool:
        """Return whether it may be copied and downloaded: no check failed."""
        return self.state != State.FAILED

    @property
    def can_be_copied(self) -> bool:
        """Return whether a page can hand it on as it is: browsers do not keep carriage returns."""
        return self.is_usable and "\r" not in self.diff


def patch_views(message: Message) -> tuple[PatchView, ...]:
    """Return the patches of an answer; ask access.is_sealed before."""
    return tuple(_view(message, n, stored) for n, stored in enumerate(message.patches, start=1))


def file_name(number: int, patch: Mapping[str, Any]) -> str:
    return f"{patch['source']}-{patch['commit'][:12]}-{number}.patch"


def _view(message: Message, number: int, stored: Mapping[str, Any]) -> PatchView:
    diff = stored["diff"]
    files, left_out = _files(visible(diff), {file["path"]: file for file in stored["files"]})
    return PatchView(
        number=number,
        source=stored["source"],
        commit=stored["commit"],
        state=stored["state"],
        is_repaired=stored["is_repaired"],
        files=files,
        checks=tuple(map(_check, stored["checks"])),
        diff=diff,
        left_out=left_out,
        url=reverse("message_patch", args=[message.pk, number]),
    )


def _check(stored: Mapping[str, str]) -> CheckView:
    verdict = stored["verdict"]
    label = LABELS.get(stored["name"], stored["name"])
    reason, output = visible(stored["reason"]), visible(stored.get("output", ""))
    return CheckView(label, verdict, SIGNS[verdict], WORDS[verdict], reason, output)


def _files(diff: str, known: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[FileView, ...], int]:
    """Take a diff apart into its files, and count the lines that are too many to be shown."""
    files: list[FileView] = []
    room = MOST_LINES
    left_out = 0
    for path, lines in _by_file(diff):
        shown = lines[: max(0, room)]
        room -= len(lines)
        left_out += len(lines) - len(shown)
        file = known.get(path) or _counted(lines)
        files.append(FileView(path, file["is_new"], file["added"], file["removed"], tuple(shown)))
    empty = known.keys() - {one.path for one in files}  # made without a line
    files += [FileView(path, known[path]["is_new"], 0, 0, ()) for path in sorted(empty)]
    return tuple(files), left_out


def _counted(lines: Sequence[DiffLine]) -> dict[str, Any]:
    """Return what is told of a file that the reader does not have: what was written of it."""
    signs = Counter(line.text[:1] for line in lines)
    return {"is_new": False, "added": signs["+"], "removed": signs["-"]}


def _by_file(diff: str) -> Iterator[tuple[str, list[DiffLine]]]:
    path, is_in_hunk = "", False
    lines: list[DiffLine] = []
    all_lines = diff.removesuffix("\n").split("\n")
    for at, line in enumerate(all_lines):
        if line.startswith(HEADINGS) or _begins_file(all_lines, at):
            is_in_hunk = False
            if lines:
                yield path, lines
                path, lines = "", []
        elif not is_in_hunk and line.startswith("+++ "):
            path = line[4:].rstrip("\t").removeprefix("b/")
        elif line.startswith("@@") or (not is_in_hunk and not line.startswith("--- ")):
            is_in_hunk = True
            lines.append(_line(line))
        elif is_in_hunk:
            lines.append(_line(line))
    if lines:
        yield path, lines


def _begins_file(lines: Sequence[str], at: int) -> bool:
    return lines[at].startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ ")


def _line(line: str) -> DiffLine:
    return DiffLine(KINDS.get(line[:1], "same"), line)
