"""A proposed change as it is stored and shown: the diff, and what the checks found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    MARKED = "marked"  # somebody has to look at it
    SKIPPED = "skipped"  # there was nothing to check, or nobody who could


class State(StrEnum):
    GOOD = "good"
    MARKED = "marked"
    FAILED = "failed"  # it is shown, and not offered for use


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a patch, for the reader."""

    name: str  # files, applies, parses, names, runs
    verdict: Verdict
    reason: str  # a sentence
    output: str = ""  # of a run that failed: the end of what it said


@dataclass(frozen=True, slots=True)
class PatchFile:
    path: str
    is_new: bool
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Patch:
    """What is to be changed in one source, as a unified diff against a commit."""

    source_id: int  # 0: none of its files is one that the reader has
    source: str
    commit: str
    diff: str
    files: tuple[PatchFile, ...]
    checks: tuple[Check, ...] = ()
    is_repaired: bool = False  # written again by the model, because a check had failed

    @property
    def state(self) -> State:
        verdicts = {check.verdict for check in self.checks}
        if Verdict.FAILED in verdicts:
            return State.FAILED
        return State.MARKED if Verdict.MARKED in verdicts else State.GOOD

    @property
    def failures(self) -> list[str]:
        return [check.reason for check in self.checks if check.verdict is Verdict.FAILED]

    def with_check(self, check: Check) -> Patch:
        """Return the patch with one more check; an older one of the same name goes."""
        kept = tuple(one for one in self.checks if one.name != check.name)
        return replace(self, checks=(*kept, check))

    def to_json(self) -> dict[str, Any]:
        """Return the patch in the form that is stored and that scripts rely on."""
        return {**asdict(self), "state": self.state.value}


def places_of(patches: Sequence[Patch]) -> set[tuple[int, str]]:
    """Return the source and path of every file that patches show lines of."""
    return {(patch.source_id, file.path) for patch in patches for file in patch.files}


def stored_places(stored: Sequence[dict[str, Any]]) -> set[tuple[int, str]]:
    """As `places_of`, of patches in their stored form."""
    return {(patch["source_id"], file["path"]) for patch in stored for file in patch["files"]}
