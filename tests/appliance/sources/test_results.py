"""Search results: one card per document, and of long chunks the lines with the words."""

from __future__ import annotations

from appliance.sources.results import SHOWN_LINES, documents_of, kept_lines
from indexer.retrieval.hits import Hit
from indexer.spans import Span


def hit(path: str, text: str = "a\nb", start: int = 1, matched: tuple[str, ...] = ()) -> Hit:
    lines = text.count("\n") + 1
    return Hit(
        source_id=1,
        source="shop",
        path=path,
        commit="c" * 40,
        blob_id=1,
        span=Span(start, start + lines - 1),
        symbol="",
        kind="",
        language="text",
        score=1.0,
        legs=("lexical",),
        text=text,
        matched=matched,
    )


def test_hits_of_one_document_share_a_card_at_the_place_of_the_best() -> None:
    documents = documents_of([hit("a"), hit("b"), hit("a", start=9)], {})
    assert [document.path for document in documents] == ["a", "b"]
    assert [one.start_line for one in documents[0].hits] == [1, 9]


def test_lines_keep_their_numbers_and_gaps_are_told() -> None:
    text = "\n".join(["def f():", *["x"] * 20, "needle", *["y"] * 20])
    (document,) = documents_of([hit("a.py", text, start=100, matched=("needle",))], {})
    lines = document.hits[0].lines
    assert [line.number for line in lines] == [100, 120, 121, 122]
    assert [line.follows_gap for line in lines] == [False, True, False, False]
    assert "<mark>needle</mark>" in lines[2].html


def test_a_short_chunk_is_shown_whole() -> None:
    assert kept_lines(["a"] * SHOWN_LINES, ["a"]) == list(range(SHOWN_LINES))


def test_a_chunk_without_the_words_shows_its_beginning() -> None:
    assert kept_lines(["a"] * 30, ["needle"]) == list(range(SHOWN_LINES))
    assert kept_lines(["a"] * 30, []) == list(range(SHOWN_LINES))


def test_a_gap_of_one_line_is_the_line() -> None:
    lines = ["def f():", "", "needle", "", *["x"] * 20]
    assert kept_lines(lines, ["needle"]) == [0, 1, 2]


def test_words_are_no_patterns() -> None:
    assert kept_lines([*["a"] * 20, "(", "a"], ["("])[-2:] == [20, 21]


def test_never_more_lines_than_fit() -> None:
    lines = ["needle other" if number % 3 else "needle" for number in range(60)]
    assert len(kept_lines(lines, ["needle", "other"])) < 2 * SHOWN_LINES
