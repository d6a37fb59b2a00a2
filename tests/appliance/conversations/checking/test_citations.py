"""Markers in every form a model writes them: resolved against what was offered, or struck."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.checking.citations import CompiledAnswer, compile_answer
from appliance.conversations.checking.markers import MARKER, markers_of, without_unfinished
from appliance.conversations.evidence import EvidenceLines
from indexer.spans import Span
from tests.appliance.conversations.pieces import piece

OFFERED = {"E1": piece("E1", 10, 30), "E2": piece("E2", 5, 5), "E12": piece("E12", 1, 99)}


def spans(compiled: CompiledAnswer) -> list[tuple[str, str]]:
    return [(s.handle, str(s.span)) for s in compiled.segments if isinstance(s, EvidenceLines)]


@pytest.mark.parametrize(
    ("marker", "cited"),
    [
        ("[E1]", [("E1", "L10-L30")]),
        ("[e1]", [("E1", "L10-L30")]),
        ("[ E1 ]", [("E1", "L10-L30")]),
        ("[E01]", [("E1", "L10-L30")]),
        ("[E12]", [("E12", "L1-L99")]),
        ("[E1, E2]", [("E1", "L10-L30"), ("E2", "L5-L5")]),
        ("[E1; e2]", [("E1", "L10-L30"), ("E2", "L5-L5")]),
        ("[E1 and E2]", [("E1", "L10-L30"), ("E2", "L5-L5")]),
        ("[E1][E2]", [("E1", "L10-L30"), ("E2", "L5-L5")]),
        ("[E1] [E2]", [("E1", "L10-L30"), ("E2", "L5-L5")]),
        ("[E1, E1]", [("E1", "L10-L30")]),
        ("[E1:12-20]", [("E1", "L12-L20")]),
        ("[E1:12]", [("E1", "L12-L12")]),
        ("[E1#L12-L20]", [("E1", "L12-L20")]),
        ("[E1 L12-L20]", [("E1", "L12-L20")]),
        ("[E1L12-L20]", [("E1", "L12-L20")]),
        ("[E1, lines 12-20]", [("E1", "L12-L20")]),
        ("[E1:12\u201320]", [("E1", "L12-L20")]),
        ("[E1:10-30]", [("E1", "L10-L30")]),
        ("[E1:12-13, E2]", [("E1", "L12-L13"), ("E2", "L5-L5")]),
        ("[E1, see above]", [("E1", "L10-L30")]),
    ],
)
def test_a_marker_resolves_to_offered_lines(marker: str, cited: list[tuple[str, str]]) -> None:
    compiled = compile_answer(f"It adds {marker}.", OFFERED)
    assert spans(compiled) == cited
    assert compiled.struck == 0


@pytest.mark.parametrize(
    "marker",
    [
        "[E3]",
        "[E0]",
        "[E999]",
        "[E1234567890]",
        f"[E{'9' * 5000}]",
        "[E1:9-12]",
        "[E1:12-31]",
        "[E1:20-12]",
        "[E1:0]",
        "[E1:0-12]",
        "[E1:1-1000000000]",
        f"[E1:12-{'9' * 5000}]",
        "[E1 L3-L9]",
        "[E2:6]",
        "[E3, see above]",
    ],
)
def test_a_marker_for_lines_that_were_not_offered_is_struck_and_counted(marker: str) -> None:
    compiled = compile_answer(f"It adds {marker}.", OFFERED)
    assert compiled.text == "It adds."
    assert compiled.struck == 1
    assert compiled.cited == ()


def test_of_several_handles_the_valid_ones_stay() -> None:
    compiled = compile_answer("It adds [E1, E7, E2:9].", OFFERED)
    assert compiled.text == "It adds [E1]."
    assert compiled.struck == 2


def test_evidence_that_does_not_hold_is_struck_and_checked_once() -> None:
    asked: list[str] = []

    def holds(evidence: EvidenceLines) -> bool:
        asked.append(evidence.handle)
        return evidence.handle == "E2"

    compiled = compile_answer("A [E1]. B [E2]. C [E1]. D [E2].", OFFERED, holds)
    assert compiled.text == "A. B [E2]. C. D [E2]."
    assert compiled.struck == 2
    assert asked == ["E1", "E2"]


def test_cited_evidence_is_listed_once_in_the_order_of_the_answer() -> None:
    compiled = compile_answer("A [E2]. B [E1]. C [E2]. D [E1:12].", OFFERED)
    assert [(c.handle, str(c.span)) for c in compiled.cited] == [
        ("E2", "L5-L5"),
        ("E1", "L10-L30"),
        ("E1", "L12-L12"),
    ]


@pytest.mark.parametrize(
    ("text", "compiled"),
    [
        ("It adds [E9].", "It adds."),
        ("It adds [E9], then stops.", "It adds, then stops."),
        ("It adds [E9] and stops.", "It adds and stops."),
        ("It adds [E8] [E9].", "It adds."),
        ("It adds [E8][E9]\nNext", "It adds\nNext"),
        ("It adds [E9]", "It adds"),
        ("It adds (see [E9]).", "It adds (see)."),
        ("[E9] It adds", " It adds"),
        ("`add`[E9] adds", "`add` adds"),
        ("word[E9]word", "wordword"),
        ("It adds [E8] [E1].", "It adds [E1]."),
        ("It adds.  [E9]  Next", "It adds.  Next"),
        ("It adds [E7[E8]].", "It adds ]."),
    ],
)
def test_a_struck_marker_leaves_no_gap(text: str, compiled: str) -> None:
    assert compile_answer(text, OFFERED).text == compiled


@pytest.mark.parametrize("text", ["word[E1]word", "`code [E1]`", "```\n# [E1]\n```", "([E1])"])
def test_a_marker_counts_wherever_it_stands(text: str) -> None:
    assert compile_answer(text, OFFERED).text == text
    assert spans(compile_answer(text, OFFERED)) == [("E1", "L10-L30")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nothing cited.",
        "  spaces  stay ,  as they are .\n\n  \t",
        "E1 without brackets",
        "[1], [x], [e2e tests], [Eins], [EE1], [xE1]",
        "a[0] and a[E] and a[E1x] and [E1_2]",
        "[E1\n]",
        "[link](E1)",
        "\r\n\x00\ue000\u202e",
    ],
)
def test_text_without_markers_is_unchanged(text: str) -> None:
    compiled = compile_answer(text, OFFERED)
    assert compiled.text == text
    assert compiled.struck == 0


@pytest.mark.parametrize(
    "unfinished", ["[", "[E", "[e", "[E1", "[E1,", "[E1, E", "[E1:12-", "[ E1"]
)
def test_a_marker_that_is_still_being_written_is_held_back(unfinished: str) -> None:
    assert without_unfinished(f"It adds {unfinished}") == "It adds "


@pytest.mark.parametrize("text", ["x = [1, 2", "a [link", "[E1] done", "[Earlier", "no bracket"])
def test_what_cannot_become_a_marker_is_not_held_back(text: str) -> None:
    assert without_unfinished(text) == text


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_streamed_marker_never_shows_in_part(cut: int) -> None:
    shown = without_unfinished("Adds [E1:12-20]"[: 5 + cut])
    assert re.fullmatch(r"Adds (\[E1:12-20\])?", shown)


@pytest.mark.parametrize(
    "text",
    [
        "[E1" + " " * 1_000_000,
        "[" * 1_000_000,
        "[E1," * 250_000,
        "[E1]" * 100_000,
        "[E" + "1" * 1_000_000,
        " " * 1_000_000 + "[E9]",
    ],
    ids=["spaces", "brackets", "commas", "markers", "digits", "gap"],
)
def test_hostile_text_takes_no_more_than_linear_time(text: str) -> None:
    started = time.process_time()
    compile_answer(without_unfinished(text), OFFERED)
    assert time.process_time() - started < 5


FRAGMENTS = st.sampled_from(
    [*"[]E ,:-L19`.\n\u202e\u0661", "[E1]", "[E2", "E1", "12", "99", "[E7]", "[E1:12]", "[E12, E3]"]
)


@given(st.lists(FRAGMENTS, max_size=30).map("".join) | st.text(max_size=60))
def test_no_handle_is_left_that_was_not_offered(text: str) -> None:
    compiled = compile_answer(text, OFFERED)
    left = [m.handle for found in MARKER.finditer(compiled.text) for m in markers_of(found.group())]
    assert set(left) <= set(OFFERED)


@given(st.lists(FRAGMENTS, max_size=30).map("".join))
def test_every_marker_is_either_kept_or_struck(text: str) -> None:
    def is_offered(handle: str, span: Span | None) -> bool:
        return handle in OFFERED and (span is None or OFFERED[handle].span.contains(span))

    markers = [m for found in MARKER.finditer(text) for m in markers_of(found.group())]
    refused = [m for m in markers if not is_offered(m.handle, m.span)]
    compiled = compile_answer(text, OFFERED)
    assert compiled.struck == len(refused)
    assert {piece.handle for piece in compiled.cited} == {
        m.handle for m in markers if m not in refused
    }
