"""From what a model wrote to changes of real files: each hunk at its place, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from appliance.conversations.answering.events import Question
from appliance.conversations.answering.fixing.anchoring import Misplaced, Replacement, place_hunks
from appliance.conversations.answering.fixing.diff_blocks import (
    FileChange,
    changes_in,
    is_change,
)
from appliance.conversations.answering.fixing.unified import applied, has_odd_letters, overlap
from appliance.conversations.checking.guarding import SIDE
from appliance.conversations.checking.sentences import Sentence, sentences_of
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.visible import visible
from indexer.models import Blob, Document
from indexer.retrieval.named_files import NamedFile, NamedFiles, named_files, parts_of
from indexer.spans import Span

MOST_CHANGES = 20
MOST_HUNKS = 50  # of one file
MOST_LOOKED_AT = 50  # paths of a folder, of which one may be read
UNREADABLE = "You may read no file of this path: {path}."
BLOCK = re.compile(r"([ \t]{0,12})(`{3,}|~{3,})([^\n]*)\n(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DraftFile:
    """One changed file; `refusal` says why it is no change that can be tried."""

    path: str
    change: FileChange
    document: tuple[str, ...] = ()  # its lines as they are stored; of a new file none
    ends: bool = True  # its last line has a line feed
    replacements: tuple[Replacement, ...] = ()
    is_new: bool = False
    is_known: bool = False  # a file that the reader may see, or may make
    refusal: str = ""

    @property
    def lines(self) -> list[str]:
        """Return the lines after the change."""
        if self.is_new:
            return [line for hunk in self.change.hunks for line in hunk.new]
        return applied(self.document, self.replacements)

    @property
    def added(self) -> list[str]:
        """Return the lines that were not there before."""
        before = set(self.document)
        return [line for line in self.lines if line not in before]


@dataclass(frozen=True, slots=True)
class Draft:
    """All changes of one source."""

    source_id: int
    source: str
    commit: str
    files: tuple[DraftFile, ...]


@dataclass(slots=True)
class _Files:
    """What the paths of changes may stand for."""

    question: Question
    found: NamedFiles
    offered: Sequence[EvidenceLines]
    blobs: dict[int, Blob] = field(default_factory=dict)

    def blob(self, file: NamedFile) -> Blob | None:
        if file.blob_id not in self.blobs:
            self.blobs |= Blob.objects.in_bulk([file.blob_id])
        return self.blobs.get(file.blob_id)


def patch_blocks(text: str) -> list[Sentence]:
    """Return the blocks of an answer that are meant as changes."""
    return [one for one in sentences_of(text) if is_patch_block(one)]


def is_patch_block(sentence: Sentence) -> bool:
    return sentence.is_code and is_change(*_inside(sentence)[:2])


def drafts_of(text: str, question: Question, offered: Sequence[EvidenceLines]) -> list[Draft]:
    """Return what an answer wants to change, by source."""
    changes: list[FileChange] = []
    for block in patch_blocks(text):
        body, _, is_closed = _inside(block)
        above = text[: block.start].rstrip("\n").rpartition("\n")[2]
        found = changes_in(body if not body.lstrip().startswith("<<<") else f"{above}\n{body}")
        changes += found if is_closed else [_broken_off(one) for one in found]
    changes = _joined(changes[:MOST_CHANGES])
    files = _Files(question, _named(changes, question, offered), offered)
    by_source: dict[tuple[int, str, str], list[DraftFile]] = {}
    for change in changes:
        key, drafted = _drafted(change, files)
        by_source.setdefault(key, []).append(drafted)
    return _with_strays(by_source)


def _inside(block: Sentence) -> tuple[str, str, bool]:
    """Return the text between the fences, the language, and whether the fence is closed."""
    found = BLOCK.match(block.text.lstrip("\n"))
    if found is None:
        return "", "", False
    indent, fence, language, rest = found[1], found[2], found[3].strip(), found[4]
    lines = rest.rstrip().split("\n")
    closing = next(
        (n for n in range(len(lines), 0, -1) if lines[n - 1].startswith(f"{indent}{fence}")), 0
    )
    return "\n".join(lines[: closing - 1] if closing else lines), language, closing > 0


def _broken_off(change: FileChange) -> FileChange:
    return replace(change, refusal=change.refusal or "The answer breaks off inside it.")


def _joined(changes: Sequence[FileChange]) -> list[FileChange]:
    """Put changes of the same file together: pairs come one by one."""
    joined: dict[str, FileChange] = {}
    for at, change in enumerate(changes):
        key = change.path or f"\0{at}"
        before = joined.get(key)
        joined[key] = (
            change
            if before is None
            else replace(
                before,
                hunks=(*before.hunks, *change.hunks),
                is_new=before.is_new and change.is_new,
                refusal=before.refusal or change.refusal,
            )
        )
    return list(joined.values())


def _named(
    changes: Sequence[FileChange], question: Question, offered: Sequence[EvidenceLines]
) -> NamedFiles:
    paths = [change.path for change in changes] + [piece.path for piece in offered]
    return named_files(
        paths,
        scope=question.scope,
        source_names=question.source_names,
        refs=(question.ref,) if question.ref else (),
    )


def _with_strays(by_source: dict[tuple[int, str, str], list[DraftFile]]) -> list[Draft]:
    """Put changes of no known source to those of the first: together they are one proposal."""
    strays = by_source.pop((0, "", ""), [])
    if not by_source:
        return [Draft(0, "", "", tuple(strays))] if strays else []
    (first, own), *others = by_source.items()
    return [Draft(*first, (*own, *strays)), *(Draft(*key, tuple(of)) for key, of in others)]


def _drafted(change: FileChange, files: _Files) -> tuple[tuple[int, str, str], DraftFile]:
    nowhere = (0, "", "")
    if refusal := change.refusal or unsafe(change.path):
        return nowhere, DraftFile(change.path, change, refusal=refusal)
    file = _file_of(change, files)
    if file is None and change.is_new:
        return _new(change, files)
    if file is None:
        refusal = UNREADABLE.format(path=change.path) if change.path else "It names no file."
        return nowhere, DraftFile(change.path, change, refusal=refusal)
    return (file.source_id, file.source, file.commit), _placed(change, file, files)


def unsafe(path: str) -> str:
    """Return why no patch may name this path; empty: it may."""
    parts = path.split("/")
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path) or "\\" in path:
        return "Its path does not begin at the source's own root."
    if ".." in parts:
        return "Its path leads out of the source."
    # What Windows takes for the same name: with dots or blanks behind it, or a stream's name.
    if any(part.lower().partition(":")[0].rstrip(". ") in {".git", "git~1"} for part in parts):
        return "It changes git's own files."
    if has_odd_letters(path) or visible(path) != path or len(path) > 500:
        return "Its path has letters that no patch should have."
    return ""


def _file_of(change: FileChange, files: _Files) -> NamedFile | None:
    """Return the document that a path stands for; one of the evidence before others."""
    if not change.path:
        return _only_one_with(change, files)
    parts = [part for part in parts_of(change.path) if part]
    found = [
        file
        for file in files.found.ending_like(change.path)
        if _is_end_of(parts, [file.source, *file.path.split("/")])
        or _is_end_of(file.path.split("/"), parts)
    ]
    shown = {(piece.source_id, piece.path) for piece in files.offered}
    offered = [file for file in found if (file.source_id, file.path) in shown]
    best = offered or found
    return best[0] if len(best) == 1 else None


def _is_end_of(end: Sequence[str], whole: Sequence[str]) -> bool:
    return len(end) <= len(whole) and list(whole[len(whole) - len(end) :]) == list(end)


def _only_one_with(change: FileChange, files: _Files) -> NamedFile | None:
    """Return the document of the evidence that has the lines, when a change names no file."""
    having: dict[tuple[int, str], NamedFile] = {}
    for piece in files.offered:
        file = NamedFile(piece.source_id, piece.source, piece.path, piece.blob_id, piece.commit)
        if change.hunks and not _placed(change, file, files).refusal:
            having[piece.source_id, piece.path] = file
    return next(iter(having.values())) if len(having) == 1 else None


def _new(change: FileChange, files: _Files) -> tuple[tuple[int, str, str], DraftFile]:
    """Return a file that is to be made, in the source of the evidence."""
    path = SIDE.sub("", change.path.removeprefix("./"))
    sources = {(one.source_id, one.source, one.commit) for one in files.offered}
    named = {
        key for key in sources if path.startswith(f"{key[1]}/") and not _is_inside(path, key, files)
    }
    chosen = named or sources
    if len(chosen) != 1:
        refusal = "It does not say in which source the new file is to be."
        return (0, "", ""), DraftFile(change.path, change, refusal=refusal)
    (key,) = chosen
    path = path.removeprefix(f"{key[1]}/") if named else path
    if not files.question.scope.allows(key[0], path):
        refusal = UNREADABLE.format(path=change.path)
        return key, DraftFile(change.path, change, refusal=refusal)
    return key, DraftFile(path, change, is_new=True, is_known=True)


def _is_inside(path: str, source: tuple[int, str, str], files: _Files) -> bool:
    """Return whether a path that begins like its source means a folder of that name: `shop/limits.py`
    belongs into the folder `shop` of the source `shop`, where it has one."""
    folder = f"{source[1]}/"
    if path.startswith(folder * 2):
        return False
    below = Document.objects.filter(source=source[0], path__startswith=folder)
    known = below.values_list("path", flat=True)[:MOST_LOOKED_AT]
    return any(files.question.scope.allows(source[0], one) for one in known)


def _placed(change: FileChange, file: NamedFile, files: _Files) -> DraftFile:
    blob = files.blob(file)
    if blob is None or blob.format:
        refusal = f"{file.path} has no lines of its own that could be changed."
        return DraftFile(file.path, change, is_known=True, refusal=refusal)
    document = blob.text.split("\n")
    ends = document[-1] == ""
    document = document[:-1] if ends else document
    drafted = DraftFile(file.path, change, tuple(document), ends, is_known=True)
    if change.is_new:
        return replace(drafted, refusal=f"{file.path} is there already.")
    meant = [
        Span(piece.span.start_line, piece.span.end_line)
        for piece in files.offered
        if (piece.source_id, piece.path) == (file.source_id, file.path)
    ]
    if len(change.hunks) > MOST_HUNKS:
        return replace(drafted, refusal=f"{file.path}: more than {MOST_HUNKS} parts are changed.")
    try:
        placed = place_hunks((hunk for hunk in change.hunks if hunk.changes), document, meant)
    except Misplaced as exc:
        return replace(drafted, refusal=f"{file.path}: {exc}")
    if not placed or drafted.document == tuple(applied(document, placed)):
        return replace(drafted, refusal=f"{file.path}: it changes nothing.")
    if overlap(placed):
        return replace(drafted, refusal=f"{file.path}: two of its parts change the same lines.")
    return replace(drafted, replacements=tuple(placed))
