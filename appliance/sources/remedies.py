"""What to do about a file that was skipped, for each reason."""

from __future__ import annotations

import re

from django.conf import settings

from indexer.reading.exclusions import IGNORE_FILE
from indexer.skips import SkipReason

# As indexer.reading.exclusions writes it.
EXCLUSION = re.compile(r"(?P<pattern>.*) \((?P<origin>.+), line (?P<line>\d+)\)", re.DOTALL)

REMEDIES = {
    SkipReason.BINARY: "Keep its content as text or as a document (PDF, DOCX, HTML) beside it.",
    SkipReason.EMPTY: "If it is a scanned document, put a version with recognised text in its "
    "place; otherwise there is nothing to do.",
    SkipReason.ENCODING: "Save it as UTF-8.",
    SkipReason.GENERATED: "Look for what it is generated from; that is indexed.",
    SkipReason.LFS: "Keep the text in git itself, or connect the folder with the real files.",
    SkipReason.LOCK_FILE: "Look at the file that declares the dependencies; that is indexed.",
    SkipReason.MINIFIED: "Look for what it was made from; that is indexed.",
    SkipReason.PATH: "Rename it: a path is UTF-8 without control characters, at most 1,024 bytes.",
    SkipReason.SUBMODULE: "Connect the submodule's repository as a source of its own.",
    SkipReason.SYMLINK: "Look for the path that it points to.",
    SkipReason.BROKEN: "Tell whoever runs this product: the file may be damaged, or a fault of "
    "the reader. It is read again after the next change of the file.",
    SkipReason.QUARANTINED: "Tell whoever runs this product. An administrator can have it read "
    "again with Reindex.",
    SkipReason.REJECTED: "Make it smaller or plainer: split it, or save it anew.",
    SkipReason.ENCRYPTED: "Put a version without a password in its place.",
}


def remedy_for(reason: SkipReason, detail: str) -> str:
    """Return the sentence of what to do."""
    if reason == SkipReason.EXCLUDED:
        return _of_pattern(detail)
    if reason == SkipReason.TOO_LARGE:
        return (
            "Split it, or let an administrator raise PLUMBLINE_FILE_SIZE_LIMIT_KB, now "
            f"{settings.FILE_SIZE_LIMIT_KB}."
        )
    if reason == SkipReason.VENDORED:
        return (
            f"To have it read, an administrator writes !{detail}/ under \u201cLeave out\u201d in the "
            f"settings of this source, or the repository has that line in {IGNORE_FILE}."
        )
    return REMEDIES[reason]


def _of_pattern(detail: str) -> str:
    match = EXCLUSION.fullmatch(detail)
    if match is None:
        return f"Take the pattern out of the source's exclusions or of {IGNORE_FILE}."
    if match["origin"] == IGNORE_FILE:
        return (
            f"Remove the pattern {match['pattern']} from line {match['line']} of {IGNORE_FILE} in "
            "the repository, or add an exception (!) below it."
        )
    return (
        f"An administrator can remove the pattern {match['pattern']} from the exclusions of this "
        "source."
    )
