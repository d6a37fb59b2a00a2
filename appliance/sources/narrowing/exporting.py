"""The hits of a search as rows for a file: CSV for spreadsheets, JSON lines for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from appliance.audit.recording import Lines
from appliance.common.spreadsheets import harmless
from appliance.sources.grounds import Grounds
from indexer.codesearch.certificate import CodeResult
from indexer.retrieval.hits import Hit

MOST_ROWS = 1000
TYPES: Mapping[str, str] = {"csv": "text/csv", "jsonl": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Row:
    """Lines that were found: one line of a code search, several of a search by meaning."""

    source: str
    path: str
    commit: str
    start_line: int
    end_line: int
    language: str
    symbol: str
    text: str


def rows_of_hits(hits: Sequence[Hit]) -> list[Row]:
    return [
        Row(one.source, one.path, one.commit, one.span.start_line, one.span.end_line,
            one.language, one.symbol, one.text)
        for one in hits[:MOST_ROWS]
    ]  # fmt: skip


def rows_of_lines(result: CodeResult) -> list[Row]:
    rows = (
        Row(file.source, file.path, file.commit, line.line, line.line, file.language, "", line.text)
        for file in result.files
        for line in file.lines
    )
    return [row for row, _ in zip(rows, range(MOST_ROWS), strict=False)]


def shown_lines(rows: Sequence[Row], grounds: Grounds) -> list[Lines]:
    """Return what the record says was taken away."""
    return [
        grounds.lines(row.source, row.path, row.start_line, row.end_line, row.commit)
        for row in rows
    ]


def written(rows: Sequence[Row], ending: str) -> str:
    """Return the file."""
    return "".join(_as_csv(rows) if ending == "csv" else _as_jsonl(rows))


def _as_jsonl(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(asdict(row), ensure_ascii=False) + "\n"


def _as_csv(rows: Sequence[Row]) -> Iterator[str]:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([field.name for field in fields(Row)])
    writer.writerows([harmless(value) for value in asdict(row).values()] for row in rows)
    yield file.getvalue()
