"""The parser of server-sent events: the format's rules, and what a hostile server may send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.errors import ModelUnavailable
from inference.sse import MAX_EVENT_BYTES, read_events


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"", []),
        (b"data: one\n\ndata: two\n\n", ["one", "two"]),
        (b"data:no space\n\n", ["no space"]),
        (b"data:  two spaces\n\n", [" two spaces"]),
        (b"data: a\r\n\r\n", ["a"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b": a comment\n\ndata: a\n\n", ["a"]),
        (b"event: x\nid: 7\nretry: 1\ndata: a\n\n", ["a"]),
        (b"data: cut off", []),
        (b"data: cut off\n", []),
        (b"\n\n\n", []),
        (b"data: \xff\xfe\n\n", ["��"]),
        (b"database: no\n\n", []),
    ],
)
def test_events_are_what_the_format_says(stream: bytes, events: list[str]) -> None:
    assert list(read_events([stream])) == events


@given(st.lists(st.integers(min_value=1, max_value=7)))
def test_where_the_network_cuts_does_not_matter(sizes: list[int]) -> None:
    stream = "data: grün\r\n\r\ndata: a\ndata: b\n\n".encode()
    parts, position = [], 0
    for size in sizes:
        parts.append(stream[position : position + size])
        position += size
    parts.append(stream[position:])
    assert list(read_events(parts)) == ["grün", "a\nb"]


def test_a_line_without_end_is_refused_early() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        yield b"data: "
        while True:
            taken += 65536
            yield b"x" * 65536

    with pytest.raises(ModelUnavailable, match="without end"):
        list(read_events(endless()))  # type: ignore[arg-type]
    assert taken <= MAX_EVENT_BYTES + 2 * 65536


def test_an_event_of_endless_lines_is_refused() -> None:
    lines = (b"data: " + b"x" * 1000 + b"\n" for _ in range(MAX_EVENT_BYTES // 1000 + 2))
    with pytest.raises(ModelUnavailable, match="without end"):
        list(read_events(lines))
