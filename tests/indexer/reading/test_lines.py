"""Line numbers agree with git."""

from __future__ import annotations

import pytest

from indexer.reading.lines import count_lines, normalise_lines


@pytest.mark.parametrize(
    ("text", "normal", "count"),
    [
        ("", "", 0),
        ("a", "a", 1),
        ("a\n", "a\n", 1),
        ("a\r\nb\r\n", "a\nb\n", 2),
        ("a\rb\rc", "a\nb\nc", 3),
        ("a\rb\nc\n", "a\rb\nc\n", 2),
        ("a\r\r\nb", "a\nb", 2),
        ("a\x0cb\u2028c\x85d\x1ce\n", "a\x0cb\u2028c\x85d\x1ce\n", 1),
        ("\n\n", "\n\n", 2),
    ],
)
def test_only_a_line_feed_ends_a_line(text: str, normal: str, count: int) -> None:
    assert normalise_lines(text) == normal
    assert count_lines(normal) == count


def test_a_megabyte_of_carriage_returns_is_no_trouble() -> None:
    assert normalise_lines("\r" * 1_000_000 + "\n") == "\n"
