"""What a code search found, and exactly what it looked at: values that never change again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from indexer.codesearch.matching import LineMatch


@dataclass(frozen=True, slots=True)
class FileMatches:
    source: str
    path: str
    commit: str
    refs: tuple[str, ...]  # every searched ref in which this content stands under this path
    language: str
    lines: tuple[LineMatch, ...]
    kind: str = ""  # what the file is for: code, test, docs ...


@dataclass(frozen=True, slots=True)
class SearchedRef:
    """One ref of one source: files that the filters chose, files that no search can look into."""

    source: str
    ref: str
    commit: str
    files: int
    masked_files: int  # in which a secret was replaced before it was stored
    skipped: tuple[tuple[str, int], ...]  # reason, files


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was searched, so that somebody else can say the same or find the difference."""

    query: str  # in one spelling; together with the commits it replays the search
    searched_at: datetime
    refs: tuple[SearchedRef, ...]
    files_searched: int  # texts under a path, each once whatever number of refs hold it
    files_read: int  # of them: those that the trigrams did not exclude
    is_narrowed: bool  # False: no trigrams in the pattern, every file was read
    stopped: str  # "": all was searched; "time" or "limit"
    seconds: float

    @property
    def is_complete(self) -> bool:
        return not self.stopped

    @property
    def masked_files(self) -> int:
        return sum(ref.masked_files for ref in self.refs)

    @property
    def skipped_files(self) -> int:
        return sum(count for ref in self.refs for _, count in ref.skipped)


@dataclass(frozen=True, slots=True)
class CodeResult:
    files: tuple[FileMatches, ...]
    certificate: Certificate

    @property
    def line_count(self) -> int:
        return sum(len(file.lines) for file in self.files)

    def to_json(self) -> dict[str, Any]:
        certificate = self.certificate
        return {
            "files": [
                {
                    "source": file.source,
                    "path": file.path,
                    "commit": file.commit,
                    "refs": list(file.refs),
                    "language": file.language,
                    "count": len(file.lines),
                    "lines": [
                        {
                            "line": line.line,
                            "text": line.text,
                            "columns": [list(span) for span in line.spans],
                            "is_cut": line.is_cut,
                        }
                        for line in file.lines
                    ],
                }
                for file in self.files
            ],
            "certificate": {
                "query": certificate.query,
                "searched_at": certificate.searched_at.isoformat(),
                "complete": certificate.is_complete,
                "stopped": certificate.stopped,
                "refs": [
                    {
                        "source": ref.source,
                        "ref": ref.ref,
                        "commit": ref.commit,
                        "files": ref.files,
                        "masked_files": ref.masked_files,
                        "skipped": dict(ref.skipped),
                    }
                    for ref in certificate.refs
                ],
                "files_searched": certificate.files_searched,
                "files_read": certificate.files_read,
                "narrowed": certificate.is_narrowed,
                "seconds": round(certificate.seconds, 3),
            },
        }
