"""Whether a question names its answer."""

from __future__ import annotations

import pytest

from indexer.evaluation.golden import Gold, GoldenQuestion
from indexer.evaluation.strata import names_its_answer
from indexer.models import Source
from indexer.spans import Span
from tests.indexer.retrieval.conftest import CorpusFactory

TEXT = "def charge_card():\n    pass\n\n\ndef refund_money():\n    pass\n"


@pytest.fixture
def source(corpus_factory: CorpusFactory) -> Source:
    return corpus_factory("pay", {"src/gateway.py": TEXT})


@pytest.mark.parametrize(
    ("query", "is_named"),
    [
        ("what does the Gateway do", True),
        ("open gateway.py", True),
        ("what does charge_card do", True),
        ("what does refund_money do", False),  # not in the gold lines
        ("how is a card charged", False),
        ("gateways", False),
    ],
)
def test_files_and_symbols_of_the_gold_lines_count(
    source: Source, query: str, is_named: bool
) -> None:
    gold = (Gold("src/gateway.py", Span(1, 2)),)
    assert names_its_answer(GoldenQuestion("1", query, "pay", gold)) is is_named


def test_without_lines_the_whole_file_counts(source: Source) -> None:
    question = GoldenQuestion("1", "what does refund_money do", None, (Gold("src/gateway.py"),))
    assert names_its_answer(question)
    assert not names_its_answer(GoldenQuestion("1", question.query, "other", question.gold))
