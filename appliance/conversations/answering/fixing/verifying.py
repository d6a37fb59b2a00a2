"""Checks of a drafted change: its files, whether git takes it, whether it parses, and its names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from appliance.conversations.answering.events import Question
from appliance.conversations.answering.fixing.drafting import Draft, DraftFile
from appliance.conversations.answering.fixing.line_ends import with_line_ends
from appliance.conversations.answering.fixing.patches import Check, Patch, PatchFile, Verdict
from appliance.conversations.answering.fixing.unified import changed_file, new_file
from appliance.conversations.checking.guarding import Known, unknown_names
from appliance.conversations.checking.sentences import Sentence
from appliance.conversations.evidence import EvidenceLines
from indexer import clients, mirrors
from indexer.confined.protocol import Question as Reading
from indexer.errors import FetchFailed
from indexer.fetching.mirror import has_commit
from indexer.fetching.patching import Applied, Original, apply_patch, originals_at
from indexer.models import Source

SHOWN_NAMES = 8


@dataclass(frozen=True, slots=True)
class Verified:
    """A patch with its checks, and the bytes of its files before and after, for who runs it."""

    patch: Patch
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]


def verified(draft: Draft, question: Question, offered: Sequence[EvidenceLines]) -> Verified:
    """Return the patch of a draft with the checks that could be made."""
    refusals = [file.refusal for file in draft.files if file.refusal]
    source = Source.objects.filter(pk=draft.source_id).first()
    if refusals or source is None:
        return _refusal(draft, refusals[0] if refusals else "The source is gone.")
    mirror = mirrors.nearest(source)
    if not mirror.is_dir() or not has_commit(mirror, draft.commit):
        reason = "The source's mirror is not on this machine: git could not be asked."
        unasked = Check("applies", Verdict.MARKED, reason)
        return Verified(_patch(draft, {}, (unasked, _names(draft, question, offered))), {}, {})
    originals = originals_at(mirror, draft.commit, _with_parents(draft.files))
    if refusal := next(_refused(draft.files, originals), ""):
        return _refusal(draft, refusal)
    changed = {file.path: originals[file.path] for file in draft.files if not file.is_new}
    result = _applied(mirror, draft, changed)
    before = {path: one.content or b"" for path, one in changed.items()}
    checks = (
        _files(draft),
        _applies(draft, result),
        *_of_result(result, before),
        _names(draft, question, offered),
    )
    return Verified(_patch(draft, changed, checks), before, result.contents)


def _refusal(draft: Draft, reason: str) -> Verified:
    check = Check("files", Verdict.FAILED, reason)
    return Verified(_patch(draft, {}, (check,)), {}, {})


def _applied(mirror: Path, draft: Draft, changed: Mapping[str, Original]) -> Applied:
    encoded = b"".join(encoded_diff(file, changed.get(file.path)) for file in draft.files)
    try:
        return apply_patch(mirror, draft.commit, encoded, changed)
    except FetchFailed as exc:
        return Applied(error=str(exc).rstrip("."))


def _with_parents(files: Sequence[DraftFile]) -> list[str]:
    """Return the paths of files, and of the folders that a new one would be in."""
    paths = [file.path for file in files]
    for file in files:
        if file.is_new:
            paths += accumulate(file.path.split("/")[:-1], "{}/{}".format)
    return list(dict.fromkeys(paths))


def _refused(files: Sequence[DraftFile], originals: Mapping[str, Original]) -> Iterator[str]:
    """Say what a commit has at the paths that is no ordinary file, or in the way of a new one."""
    for file in files:
        entry = originals[file.path].entry if file.path in originals else None
        if not file.is_new:
            if entry is None or not entry.is_file or originals[file.path].content is None:
                yield f"{file.path} is no ordinary file at this commit."
            continue
        if entry is not None:
            yield f"{file.path} is there already."
        folders = accumulate(file.path.split("/")[:-1], "{}/{}".format)
        if any(f in originals and originals[f].entry.mode != 0o040000 for f in folders):
            yield f"{file.path} lies below something that is no folder."


def encoded_diff(file: DraftFile, original: Original | None) -> bytes:
    """Return the diff of one file with the line ends that the file has."""
    if file.is_new or original is None or original.content is None:
        return new_file(file.path, file.lines).encode("utf-8", "replace")
    raw = original.content.split(b"\n")
    return with_line_ends(_diff_of(file, raw), raw).encode("utf-8", "replace")


def _diff_of(file: DraftFile, raw: Sequence[bytes]) -> str:
    """Return the diff of a file; lines that git has otherwise than the index stay out of sight."""
    masked = {
        at
        for at, line in enumerate(file.document)
        if at >= len(raw) or line.encode("utf-8", "replace") != raw[at].rstrip(b"\r")
    }
    return changed_file(file.path, file.document, file.replacements, ends=file.ends, masked=masked)


def _files(draft: Draft) -> Check:
    made = sum(file.is_new for file in draft.files)
    changed = len(draft.files) - made
    said = [f"{changed} file{'s' * (changed != 1)} changed"] if changed else []
    said += [f"{made} file{'s' * (made != 1)} added"] if made else []
    return Check("files", Verdict.PASSED, f"{' and '.join(said)}, within the source.".capitalize())


def _applies(draft: Draft, result: Applied) -> Check:
    if result.error:
        return Check("applies", Verdict.FAILED, f"git does not take it: {result.error}.")
    return Check("applies", Verdict.PASSED, f"git applies it at commit {draft.commit[:12]}.")


def _of_result(result: Applied, before: Mapping[str, bytes]) -> Iterator[Check]:
    """Yield whether the changed files parse as well as before."""
    if result.error:
        return
    worse: list[str] = []
    unread: list[str] = []
    for path, content in result.contents.items():
        faults = _faults(path, content)
        known = _faults(path, before[path]) if path in before else []
        if faults is None or known is None:
            unread.append(path)
        elif len(faults) > len(known):
            worse.append(f"{path} near line {faults[0]}")
    if worse:
        yield Check("parses", Verdict.FAILED, f"It no longer parses: {', '.join(worse)}.")
    elif len(unread) == len(result.contents):
        yield Check("parses", Verdict.SKIPPED, "No parser for these files.")
    else:
        yield Check("parses", Verdict.PASSED, "The changed files parse.")


def _faults(path: str, content: bytes) -> list[int] | None:
    if not content.strip():
        return []  # an `__init__.py`
    reading = Reading(oid=path, path=path, content=content, max_bytes=0, only_faults=True)
    return clients.readers().read(reading).faults


def _names(draft: Draft, question: Question, offered: Sequence[EvidenceLines]) -> Check:
    """Look for names in the added lines that occur nowhere."""
    added = [line for file in draft.files for line in file.added]
    block = Sentence(0, "```\n" + "\n".join(added) + "\n```\n", is_code=True)
    texts = [question.text, *(piece.text for piece in offered)]
    texts += ["\n".join(file.document) for file in draft.files]
    unknown = unknown_names(
        [block],
        known=Known.of(texts),
        scope=question.scope,
        refs=(question.ref,) if question.ref else (),
    )
    if not unknown:
        return Check("names", Verdict.PASSED, "The names that it uses exist, or are its own.")
    shown = ", ".join(unknown[:SHOWN_NAMES])
    return Check("names", Verdict.MARKED, f"Occurs nowhere in what you may read: {shown}.")


def _patch(draft: Draft, originals: Mapping[str, Original], checks: tuple[Check, ...]) -> Patch:
    diffs = [_shown(file, originals.get(file.path)) for file in draft.files]
    known = tuple(
        _patch_file(file, diff)
        for file, diff in zip(draft.files, diffs, strict=True)
        if file.is_known
    )
    return Patch(draft.source_id, draft.source, draft.commit, "".join(diffs), known, checks)


def _shown(file: DraftFile, original: Original | None) -> str:
    """Return the diff of a file as a person reads it; of one that has no place what was written."""
    if not file.refusal and file.is_new:
        return new_file(file.path, file.lines)
    if not file.refusal and original:
        return encoded_diff(file, original).decode("utf-8", "replace")
    if not file.refusal:
        return changed_file(file.path, file.document, file.replacements, ends=file.ends)
    lines = [f"--- {file.path}", f"+++ {file.path}"] if file.path else []
    for hunk in file.change.hunks:
        lines += ["@@", *(f"{line.sign}{line.text}" for line in hunk.lines)]
    return "\n".join([*lines, ""])


def _patch_file(file: DraftFile, diff: str) -> PatchFile:
    signs = Counter(line[:1] for line in diff.partition("\n@@")[2].split("\n"))
    return PatchFile(file.path, file.is_new, signs["+"], signs["-"])
