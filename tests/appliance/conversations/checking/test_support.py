"""Whether cited lines carry a sentence: kept, moved, struck, or doubtful."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.checking.checks import counted, from_json, to_json
from appliance.conversations.checking.citations import CompiledAnswer, SentenceMark, compile_judged
from appliance.conversations.checking.judging import Judgement, Judging, judge_answer
from appliance.conversations.checking.support import WIDEST, Verdict
from appliance.conversations.checking.windows import grown, smallest_window
from appliance.conversations.evidence import LARGEST, CitedDocument, EvidenceLines
from indexer.spans import Span
from tests.appliance.conversations.pieces import piece

CART = '''"""Shopping carts of the shop."""

LIMIT = 99
TIMEOUT_MS = 30_000


def add_item(cart, item):
    """Add an item to the cart."""
    if cart.count(item) >= LIMIT:
        raise CartFull("cart is full")
    cart.append(item)


class CartFull(Exception):
    pass


# flags: --dry-run, no_color
'''
NET = "def connect(host):\n    return open_socket(host, 8080)\n"
CART_SPANS = (Span(7, 11), Span(14, 15))


def offered_from(text: str, path: str, blob_id: int, first: int, last: int, **more: str) -> EvidenceLines:  # fmt: skip
    span = Span(first, last)
    base = piece(more.get("handle", "E1"), first, last, path=path)
    lines = "\n".join(span.lines_of(text))
    return replace(base, blob_id=blob_id, symbol=more.get("symbol", ""), text=lines)


OFFERED = {
    "E1": offered_from(CART, "shop/cart.py", 1, 7, 11, symbol="add_item"),
    "E2": offered_from(NET, "shop/net.py", 2, 1, 2, handle="E2", symbol="connect"),
}
DOCUMENTS = {1: CitedDocument.of(CART, CART_SPANS), 2: CitedDocument.of(NET)}


def document_of(evidence: EvidenceLines) -> CitedDocument | None:
    return DOCUMENTS.get(evidence.blob_id)


def judged(answer: str) -> Judgement:
    (judgement,) = judge_answer(answer, OFFERED, document_of)
    return judgement


def places(judgement: Judgement) -> list[str]:
    return [f"{p.handle} {p.span}" for one in judgement.citations for p in one.pieces]


@pytest.mark.parametrize(
    "sentence",
    [
        "`add_item` adds to the cart [E1].",
        "`addItem` adds to the cart [E1].",
        "ADD_ITEM adds to the cart [E1].",
        "add-item: see `cart.append(item)` [E1].",
        "It raises CartFull at the LIMIT [E1].",
        'It says "cart is full" [E1].',
        "In `shop/cart.py` it says `cart.py` and shop/cart.py [E1].",
        "`add_item` of the `cart` module [E1].",
        "`add_item` connects to port 8080 [E1][E2].",
        "`connect` opens port 8080 [E2].",
        "Adds an item to the cart [E1].",
    ],
)
def test_what_the_cited_lines_hold_is_supported(sentence: str) -> None:
    judgement = judged(sentence)
    assert (judgement.verdict, judgement.struck, judgement.missing) == (Verdict.SUPPORTED, 0, ())
    assert places(judgement)[0].startswith(("E1 L7-L11", "E2 L1-L2"))


@pytest.mark.parametrize(
    ("sentence", "moved_to"),
    [
        ("`LIMIT` is 99 [E1].", ["E1 L3-L3"]),
        ("It inherits from `Exception` [E1].", ["E1 L14-L15"]),
        ("`TIMEOUT_MS` waits for 30 seconds [E1].", ["E1 L4-L4"]),
        ("It raises CartFull [E1:8].", ["E1 L7-L11"]),
        ("It raises CartFull [E1:200-210].", ["E1 L14-L15"]),
        ("Pass --no-color [E1].", ["E1 L18-L18"]),
        ("Pass `--dry-run` [E1].", ["E1 L18-L18"]),
    ],
)
def test_what_stands_elsewhere_in_the_document_moves_the_citation(
    sentence: str, moved_to: list[str]
) -> None:
    judgement = judged(sentence)
    assert (judgement.verdict, judgement.struck, judgement.moved) == (Verdict.MOVED, 0, 1)
    assert places(judgement) == moved_to
    (moved,) = [p for one in judgement.citations for p in one.pieces]
    assert moved.moved_from is not None
    assert moved.text == "\n".join(moved.span.lines_of(CART))


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("It calls `frobnicate` [E1].", ("frobnicate",)),
        ("`add_item` calls `frobnicate` [E1].", ("frobnicate",)),
        ("`add_items` adds many [E1].", ("add_items",)),
        ("`remove` takes one out [E1].", ("remove",)),
        ("It waits 77 seconds in `add_item` [E1].", ("77",)),
        ('It says "cart is empty" [E1].', ("cart is empty",)),
        ("`add_item` opens port 8080 [E1].", ("8080",)),
        ("See `shop/other.py` [E1].", ("shop/other.py",)),
        ("`Cart.add_item` adds [E2].", ("Cart.add_item",)),
        ("Pass --verbose [E1].", ("--verbose",)),
    ],
)
def test_what_stands_nowhere_in_the_document_costs_the_citation(
    sentence: str, missing: tuple[str, ...]
) -> None:
    judgement = judged(sentence)
    assert (judgement.verdict, judgement.missing) == (Verdict.UNSUPPORTED, missing)
    assert (places(judgement), judgement.struck) == ([], 1)


@pytest.mark.parametrize("marker", ["[E9]", "[E0]", "[E9, E12]"])
def test_a_handle_that_was_not_offered_supports_nothing(marker: str) -> None:
    judgement = judged(f"`add_item` adds {marker}.")
    assert (judgement.verdict, places(judgement)) == (Verdict.UNSUPPORTED, [])
    assert judgement.struck == judgement.made


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("`add_item` raises CartFull [E1] and calls `frob` [E2].", ["E1 L7-L11"]),
        ("`add_item` in shop/cart.py [E1] frees the `frob` of it.", ["E1 L7-L11"]),
        ("It calls `frob` [E1] in `connect` [E2].", ["E2 L1-L2"]),
        ("It calls `frob` [E1] 99 times [E2].", []),
        ("It calls `frob` [E1][E2].", []),
    ],
)
def test_a_clause_that_its_citation_carries_keeps_it_in_a_sentence_that_is_marked(
    sentence: str, kept: list[str]
) -> None:
    judgement = judged(sentence)
    assert judgement.verdict is Verdict.UNSUPPORTED
    assert "frob" in judgement.missing
    assert places(judgement) == kept


LONG = "\n".join(
    f"def step_{n}(cart):\n    limit = {n + 1000}\n    return cart.apply(limit)\n"
    for n in range(60)
)


def long_document(evidence: EvidenceLines) -> CitedDocument:
    return CitedDocument.of(LONG, [Span(4 * n + 1, 4 * n + 3) for n in range(60)])


@pytest.mark.parametrize(
    ("marker", "place"),
    [("[E1]", Span(121, 123)), ("[E1:1-200]", Span(1, 200))],
)
def test_a_citation_of_many_lines_is_narrowed_to_those_that_say_it(
    marker: str, place: Span
) -> None:
    offered = {"E1": offered_from(LONG, "shop/steps.py", 7, 1, LONG.count("\n") + 1)}
    (one,) = judge_answer(f"`step_30` sets `limit` to 1030 {marker}.", offered, long_document)
    (kept,) = one.citations[0].pieces
    assert one.verdict is Verdict.SUPPORTED
    assert (kept.span, kept.moved_from) == (place, None)
    assert kept.text.split("\n") == place.lines_of(LONG)


def test_a_number_alone_moves_nothing() -> None:
    assert judged("There are 99 of them [E1].").verdict is Verdict.UNSUPPORTED


def test_a_citation_that_adds_nothing_is_struck_beside_one_that_carries() -> None:
    judgement = judged("`cart.append` is called [E1][E2].")
    assert (judgement.verdict, places(judgement), judgement.struck) == (
        Verdict.SUPPORTED,
        ["E1 L7-L11"],
        1,
    )


def test_lines_far_apart_are_cited_as_two_ranges() -> None:
    far = CART + "\n" * WIDEST * 2 + "FAR_AWAY = 1\n"
    documents = {1: CitedDocument.of(far, CART_SPANS)}
    (judgement,) = judge_answer(
        "`add_item` needs `FAR_AWAY` [E1].", OFFERED, lambda e: documents.get(e.blob_id)
    )
    last = far.count("\n")
    assert places(judgement) == ["E1 L7-L11", f"E1 L{last}-L{last}"]
    assert judgement.verdict is Verdict.MOVED


def test_a_sentence_that_shares_no_words_is_doubtful_and_keeps_its_citation() -> None:
    judgement = judged("Frozen yoghurt melts quickly in summer [E1].")
    assert (judgement.verdict, places(judgement)) == (Verdict.DOUBTFUL, ["E1 L7-L11"])


def test_lines_outside_the_evidence_support_no_sentence_that_names_nothing() -> None:
    judgement = judged("Adds an item to the cart [E1:1-3].")
    assert (judgement.verdict, judgement.struck) == (Verdict.UNSUPPORTED, 1)


def test_lines_that_changed_under_the_answer_support_nothing() -> None:
    changed = {1: CitedDocument.of(CART.replace("append", "remove"))}
    (judgement,) = judge_answer("`add_item` adds [E1].", OFFERED, lambda e: changed.get(e.blob_id))
    assert (judgement.verdict, judgement.struck) == (Verdict.UNSUPPORTED, 1)


def test_of_a_huge_document_only_the_offered_lines_are_looked_at() -> None:
    huge = CitedDocument.of(CART + "x" * LARGEST)
    assert huge.finder is None
    sentences = "`add_item` adds [E1]. `TIMEOUT_MS` waits [E1]."
    verdicts = [one.verdict for one in judge_answer(sentences, OFFERED, lambda e: huge)]
    assert verdicts == [Verdict.SUPPORTED, Verdict.UNSUPPORTED]


def test_a_number_of_thousands_of_digits_ends_no_answer() -> None:
    """A key that stands in a file as one literal: Python refuses to write such a number down."""
    key = "0x" + "f" * 5000
    documents = {1: CitedDocument.of(f"{CART}KEY = {key}\n"), 2: CitedDocument.of(NET)}
    for answer in (
        "It waits 30,000 times [E1].",
        f"The key is `{key}` [E1].",
        f"It is {key} [E1].",
    ):
        assert judge_answer(answer, OFFERED, lambda e: documents.get(e.blob_id))


def test_a_sentence_without_a_citation_is_told_from_one_that_needs_none() -> None:
    assert judged("Calls `add_item`.").verdict is Verdict.UNCITED
    assert judged("Here is what I found.").verdict is Verdict.PLAIN


def test_a_block_of_code_may_have_names_of_its_own() -> None:
    good = "```python\nmine = add_item(cart, item)\n```\n[E1]\n"
    bad = "```python\nfoo = bar(baz, qux)\n```\n[E1]\n"
    assert judged(good).verdict is Verdict.SUPPORTED
    assert judged(bad).verdict is Verdict.UNSUPPORTED


def test_a_mark_stands_behind_the_sentence_and_inside_its_cell() -> None:
    answer = "It calls `frob` [E1]. Fine.\n| a `frob` [E1] |\n"
    compiled = compile_judged(judge_answer(answer, OFFERED, document_of))
    parts = [s if isinstance(s, str) else "<mark>" for s in compiled.segments]
    assert "".join(parts) == "It calls `frob`.<mark> Fine.\n| a `frob`<mark> |\n"
    assert compiled.struck == 2


def test_what_is_stored_gives_the_same_answer_again() -> None:
    answer = "`add_item` adds [E1]. `LIMIT` is 99 [E1]. It calls `frob` [E1]. Yoghurt melts soon [E1]. "  # fmt: skip
    judgements = judge_answer(answer, OFFERED, document_of)
    stored = to_json(judgements, ("frob",))

    def lines_at(handle: str, span: Span, moved: Span | None) -> EvidenceLines:
        text = "\n".join(span.lines_of(CART))
        symbol = "" if moved else OFFERED[handle].symbol
        return replace(OFFERED[handle], span=span, text=text, symbol=symbol, moved_from=moved)

    again = from_json(stored, answer, lines_at)
    assert again == judgements
    assert stored["counts"] == {
        "supported": 2, "doubtful": 1, "unsupported": 1, "uncited": 0, "made": 4, "moved": 1,
        "struck": 1,
    }  # fmt: skip
    assert counted(again).checked == 4


SENTENCES = st.lists(
    st.sampled_from(
        ["`add_item` ", "`frob` ", "LIMIT_X ", "[E1]", "[E2]", "[E1:8-9]", "[E7]", "[E1:900]", "99 ",
         "words of the cart ", ". ", "\n", "```\n", "[E1", '"cart is full" ', "\ue000", "\U000f0000",
         "\x00", "\u202e", "| ", "# ", "--dry-run ", "`"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


def compiled_of(answer: str) -> CompiledAnswer:
    return compile_judged(judge_answer(answer, OFFERED, document_of), unknown=("frob",))


@given(SENTENCES)
def test_every_surviving_citation_shows_lines_of_its_document(answer: str) -> None:
    texts = {1: CART, 2: NET}
    for cited in compiled_of(answer).cited:
        assert cited.text == "\n".join(cited.span.lines_of(texts[cited.blob_id]))


@given(SENTENCES)
def test_every_citation_is_kept_moved_or_struck(answer: str) -> None:
    judgements = judge_answer(answer, OFFERED, document_of)
    counts = counted(judgements)
    assert counts.struck == sum(one.struck for one in judgements)
    assert 0 <= counts.struck <= counts.made
    for one in judgements:
        assert bool(places(one)) <= (one.struck < one.made)


@given(SENTENCES, st.lists(st.integers(0, 300), max_size=8))
def test_an_answer_in_pieces_is_judged_like_the_whole(answer: str, cuts: list[int]) -> None:
    judging = Judging(OFFERED, document_of)
    ends = sorted({min(cut, len(answer)) for cut in cuts} | {0, len(answer)})
    found = []
    for start, end in pairwise(ends):
        found += judging.feed(answer[start:end])
    assert [*found, *judging.finish()] == judge_answer(answer, OFFERED, document_of)


@given(SENTENCES)
def test_without_its_marks_and_citations_an_answer_is_what_was_written(answer: str) -> None:
    compiled = compiled_of(answer)
    written = "".join(one.sentence.text for one in compiled.judgements)
    assert written == answer
    marks = [s for s in compiled.segments if isinstance(s, SentenceMark)]
    assert len(marks) <= len(compiled.judgements)


@pytest.mark.parametrize(
    "answer",
    ["`add_item` [E1] " * 5000, "[E1]" * 20_000, "`frob` " * 20_000 + "[E1].",
     "x" * 1_000_000 + " [E1]", "\x1b[31m\x07" * 20_000 + "[E1]", "```\n" + "a_b(c) " * 40_000],
    ids=["long", "handles", "names", "line", "controls", "code"],
)  # fmt: skip
def test_hostile_answers_are_judged_in_seconds(answer: str) -> None:
    started = time.process_time()
    compiled_of(answer)
    assert time.process_time() - started < 20


def test_the_smallest_window_is_taken_and_of_equal_ones_the_nearest() -> None:
    assert smallest_window([[1, 10, 50], [12, 51]], near=1) == Span(50, 51)
    assert smallest_window([[5, 105]], near=100) == Span(105, 105)
    assert smallest_window([[1], []], near=1) is None


def test_a_window_grows_to_a_definition_only_where_that_is_small() -> None:
    assert grown(Span(5, 6), [Span(1, 100), Span(4, 9)]) == Span(4, 9)
    assert grown(Span(5, 6), [Span(1, 100)]) == Span(5, 6)
