"""Why a document was not indexed. Each reason is shown to people, so each has a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SkipReason(StrEnum):
    BINARY = "binary"
    EMPTY = "empty"
    ENCODING = "encoding"
    GENERATED = "generated"
    LFS = "lfs"
    LOCK_FILE = "lock_file"
    MINIFIED = "minified"
    PATH = "path"
    SUBMODULE = "submodule"
    SYMLINK = "symlink"
    TOO_LARGE = "too_large"
    BROKEN = "broken"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    ENCRYPTED = "encrypted"
    EXCLUDED = "excluded"
    VENDORED = "vendored"


EXPLANATIONS = {
    SkipReason.BINARY: "Not text: it holds bytes that no text file has.",
    SkipReason.EMPTY: "Nothing to read: the file has no text.",
    SkipReason.ENCODING: "Its text encoding could not be recognised.",
    SkipReason.GENERATED: "Written by a program: its first lines say so.",
    SkipReason.LFS: "A Git LFS pointer: the content is kept outside the repository.",
    SkipReason.LOCK_FILE: "A dependency lock file: exact versions, nothing to read.",
    SkipReason.MINIFIED: "Minified: its lines are too long to cite.",
    SkipReason.PATH: "Its path is not valid text or too long.",
    SkipReason.SUBMODULE: "A submodule: connect that repository as a source of its own.",
    SkipReason.SYMLINK: "A symbolic link: what it points to is indexed under its own path.",
    SkipReason.TOO_LARGE: "Larger than the limit for one file.",
    SkipReason.BROKEN: "Reading or splitting it failed.",
    SkipReason.QUARANTINED: "Reading it ended its reader again and again: it is kept out.",
    SkipReason.REJECTED: "It exceeds a limit: see the detail.",
    SkipReason.ENCRYPTED: "Protected by a password.",
    SkipReason.EXCLUDED: "Excluded by a pattern of the administrators or of .plumblineignore.",
    SkipReason.VENDORED: "Somebody else's code, copied into the repository.",
}


@dataclass(frozen=True, slots=True)
class Skip:
    reason: SkipReason
    detail: str = ""


# What a snapshot of a folder or an archive holds in place of a file that it did not take: the
# file is then listed with its reason like any other. In a repository it only skips itself.
STAND_IN_HEAD = b"plumbline stand-in v1\n"
STAND_IN_MAX_BYTES = 1024


def stand_in(skip: Skip) -> bytes:
    return STAND_IN_HEAD + f"{skip.reason}\n{skip.detail[:200]}\n".encode("utf-8", "replace")


def stood_in_for(content: bytes) -> Skip | None:
    """Return why a file is not here, None when the content is its own."""
    if len(content) > STAND_IN_MAX_BYTES or not content.startswith(STAND_IN_HEAD):
        return None
    reason, _, detail = content[len(STAND_IN_HEAD) :].decode("utf-8", "replace").partition("\n")
    if reason not in set(SkipReason):
        return None
    return Skip(SkipReason(reason), detail.rstrip("\n")[:200])
