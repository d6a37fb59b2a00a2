"""Files of golden questions: what they may say, and which line is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.evaluation.golden import Gold, GoldenQuestion, GoldenSetInvalid, read_golden
from indexer.spans import Span

GOOD = '{"id": "1", "query": "how", "gold": ["a.py"]}'


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    return tmp_path / "golden.jsonl"


def test_a_question_has_files_or_lines_and_perhaps_a_source(golden: Path) -> None:
    golden.write_text(
        f'{GOOD}\n\n{{"id": 2, "query": "where", "source": "shop",'
        ' "gold": [{"path": "b.py", "start": 3, "end": 9}, {"path": "c.py"}]}\n'
    )
    assert read_golden(golden) == [
        GoldenQuestion("1", "how", None, (Gold("a.py"),)),
        GoldenQuestion("2", "where", "shop", (Gold("b.py", Span(3, 9)), Gold("c.py"))),
    ]


def test_unusual_line_separators_inside_a_question_are_text(golden: Path) -> None:
    golden.write_text('{"id": "1", "query": "a\u2028b\u0085c", "gold": ["a.py"]}\r\n', newline="")
    assert read_golden(golden)[0].query == "a\u2028b\u0085c"


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "[1]",
        "42",
        "null",
        '"text"',
        '{"query": "q", "gold": ["a"]}',
        '{"id": "1", "gold": ["a"]}',
        '{"id": "1", "query": "q"}',
        '{"id": "1", "query": "q", "gold": []}',
        '{"id": "1", "query": "q", "gold": "a.py"}',
        '{"id": "1", "query": "q", "gold": [7]}',
        '{"id": "1", "query": "q", "gold": [{"start": 1, "end": 2}]}',
        '{"id": "1", "query": "q", "gold": [{"path": "a", "start": 1}]}',
        '{"id": "1", "query": "q", "gold": [{"path": "a", "start": 2, "end": 1}]}',
        '{"id": "1", "query": "q", "gold": [{"path": "a", "start": 0, "end": 1}]}',
        '{"id": "1", "query": "q", "gold": [{"path": "a", "start": null, "end": 1}]}',
        '{"id": "1", "query": "q", "gold": ' + "[" * 100_000,
        '{"id": "1", "query": "q", "gold": [{"path": "a", "end": 1, "start": ' + "9" * 9999 + "}]}",
    ],
    ids=lambda line: line[:60],
)
def test_a_wrong_line_is_named(golden: Path, line: str) -> None:
    golden.write_text(f"{GOOD}\n{line}\n")
    with pytest.raises(GoldenSetInvalid, match=r"golden\.jsonl, line 2: write "):
        read_golden(golden)


def test_a_file_that_is_missing_or_not_text_is_told(golden: Path) -> None:
    with pytest.raises(GoldenSetInvalid, match=r"golden\.jsonl"):
        read_golden(golden)
    golden.write_bytes(b"\xff\xfe\0")
    with pytest.raises(GoldenSetInvalid, match=r"golden\.jsonl"):
        read_golden(golden)
