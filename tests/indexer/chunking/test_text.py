"""Windows of lines."""

from __future__ import annotations

import pytest

from tests.indexer.chunking.expect import outline


@pytest.mark.parametrize(
    ("count", "spans"),
    [
        (0, []),
        (1, ["L1-L1"]),
        (60, ["L1-L60"]),
        (61, ["L1-L61"]),  # a remainder of one line is no chunk
        (120, ["L1-L60", "L61-L120"]),
        (150, ["L1-L60", "L61-L120", "L121-L150"]),
    ],
)
def test_plain_lines_are_cut_every_sixty(count: int, spans: list[str]) -> None:
    assert [found[0] for found in outline("some words\n" * count, "text")] == spans


def test_a_window_ends_at_a_blank_line_when_one_is_near() -> None:
    text = "key: value\n" * 50 + "\n" + "other: value\n" * 50
    assert [found[0] for found in outline(text, "yaml")] == ["L1-L50", "L52-L101"]


def test_long_lines_make_shorter_windows() -> None:
    spans = [found[0] for found in outline(("word " * 100 + "\n") * 8, "text")]
    assert spans == ["L1-L3", "L4-L6", "L7-L8"]


def test_a_line_above_every_limit_is_a_chunk_of_its_own() -> None:
    text = "before " * 50 + "\n" + "x" * 9000 + "\n" + "after " * 50 + "\n"
    assert [found[0] for found in outline(text, "text")] == ["L1-L1", "L2-L2", "L3-L3"]
