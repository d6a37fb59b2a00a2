"""Evidence holds only while the stored blob says exactly these lines at exactly this place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.conversations.checking.sentences import Sentence
from appliance.conversations.checking.support import Claim, Verdict, rule
from appliance.conversations.evidence import Documents, EvidenceLines, hash_lines
from indexer.models import Blob
from indexer.retrieval.search import search
from indexer.scope import Scope
from indexer.spans import Span
from tests.appliance.conversations.pieces import piece
from tests.conftest import SourceFactory

CART = "def add(cart, item):\n    cart.append(item)\n    return cart\n"


def holds(evidence: EvidenceLines) -> bool:
    """Return whether a citation of these lines survives a sentence that names nothing."""
    documents = Documents(frozenset([evidence.blob_id]))
    ruling = rule(Sentence(0, "It is so."), [Claim(evidence)], documents)
    return ruling.verdict is not Verdict.UNSUPPORTED


@pytest.fixture
def stored(source_factory: SourceFactory) -> EvidenceLines:
    """Evidence over lines 1 to 3 of a blob that is stored."""
    source = source_factory("shop", {"cart.py": CART})
    (hit,) = search("add item", scope=Scope(frozenset([source.pk]))).hits
    return EvidenceLines.from_hit("E1", hit)


def test_evidence_as_it_is_stored_holds(stored: EvidenceLines) -> None:
    assert stored.text.split("\n") == CART.split("\n")[: stored.span.end_line]
    assert holds(stored)


def test_a_part_of_stored_evidence_holds(stored: EvidenceLines) -> None:
    part = stored.narrowed_to(Span(2, 3))
    assert part.text == "    cart.append(item)\n    return cart"
    assert holds(part)


def test_other_lines_than_the_stored_ones_do_not_hold(stored: EvidenceLines) -> None:
    assert not holds(replace(stored, text=stored.text.replace("append", "remove")))


def test_the_right_lines_at_the_wrong_place_do_not_hold(stored: EvidenceLines) -> None:
    assert not holds(replace(stored.narrowed_to(Span(1, 2)), span=Span(2, 3)))


def test_a_blob_that_changed_does_not_hold(stored: EvidenceLines) -> None:
    Blob.objects.filter(pk=stored.blob_id).update(text="something else\n\n\n")
    assert not holds(stored)


def test_a_blob_that_is_gone_does_not_hold(stored: EvidenceLines) -> None:
    assert not holds(replace(stored, blob_id=stored.blob_id + 1_000_000))


def test_a_span_beyond_the_end_of_the_file_does_not_hold(stored: EvidenceLines) -> None:
    assert not holds(replace(stored, span=Span(1, 500)))
    assert not holds(replace(stored, span=Span(400, 500), text=""))


def test_lines_outside_the_evidence_are_refused() -> None:
    with pytest.raises(ValueError, match="not inside"):
        piece(first=10, last=20).narrowed_to(Span(9, 12))


def test_narrowed_lines_keep_everything_but_place_and_text() -> None:
    whole = piece(first=10, last=20)
    part = whole.narrowed_to(Span(12, 13))
    assert (part.span, part.text) == (Span(12, 13), "line 12\nline 13")
    assert replace(part, span=whole.span, text=whole.text) == whole


def test_the_hash_tells_one_line_from_two() -> None:
    assert hash_lines(["a", "b"]) != hash_lines(["a\nb", ""])
    assert len({hash_lines([]), hash_lines(["", ""]), hash_lines(["a"])}) == 3
