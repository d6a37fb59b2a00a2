"""Jupyter notebooks: each cell under its number, text output cut, pictures left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from indexer.documents.extraction import Extracted
from indexer.reading.places import Place
from indexer.skips import Skip, SkipReason

MAX_OUTPUT_LINES = 30  # of one cell
MAX_LINE = 2000
KINDS = {"code": "code", "markdown": "text", "raw": "raw"}


def extract_notebook(content: bytes) -> Extracted | Skip:
    try:
        notebook = json.loads(content)
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        if not isinstance(cells, list):
            raise TypeError
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as exc:
        return Skip(SkipReason.BROKEN, f"not a readable notebook ({type(exc).__name__})")
    lines: list[str] = []
    places: list[Place] = []
    for number, cell in enumerate(cells, start=1):
        written = list(_cell(cell))
        if any(line.strip() for line in written):
            places.append(Place(len(lines) + 1, "cell", f"Cell {number}"))
            lines += [*written, ""]
    return Extracted("\n".join(lines), "text", "notebook", tuple(places))


def _cell(cell: Any) -> Iterator[str]:
    if not isinstance(cell, dict) or cell.get("cell_type") not in KINDS:
        return
    yield from _text_lines(cell.get("source", cell.get("input")))
    outputs = cell.get("outputs")
    for output in outputs[:20] if isinstance(outputs, list) else ():
        shown = _output(output)
        if shown:
            yield "# output:"
            yield from shown[:MAX_OUTPUT_LINES]


def _output(output: Any) -> list[str]:
    if not isinstance(output, dict):
        return []
    data = output.get("data")
    text = output.get("text") or (data.get("text/plain") if isinstance(data, dict) else None)
    if output.get("output_type") == "error":
        text = f"{output.get('ename')}: {output.get('evalue')}"
    return _text_lines(text)


def _text_lines(text: Any) -> list[str]:
    if isinstance(text, list):
        text = "".join(part for part in text if isinstance(part, str))
    if not isinstance(text, str) or not text:
        return []
    return [line[:MAX_LINE].rstrip("\r") for line in text.rstrip("\n").split("\n")]
