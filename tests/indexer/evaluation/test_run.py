"""Golden questions asked of the real search, and what is measured of its hits."""

from __future__ import annotations

import pytest

from indexer.evaluation.golden import Gold, GoldenQuestion
from indexer.evaluation.run import Answered, answer_all, measure
from indexer.retrieval.hits import Hit
from indexer.scope import Scope
from indexer.spans import Span
from tests.conftest import SourceFactory


def hit(path: str, span: Span | None = None, source: str = "shop") -> Hit:
    return Hit(
        source_id=1,
        source=source,
        path=path,
        commit="0" * 40,
        blob_id=1,
        span=span or Span(1, 10),
        symbol="",
        kind="",
        language="",
        score=1.0,
        legs=(),
        text="",
    )


def answered(gold: tuple[Gold, ...], *hits: Hit, source: str | None = None) -> Answered:
    return Answered(GoldenQuestion("1", "q", source, gold), hits)


def test_files_are_ranked_once_however_many_of_their_chunks_are_hits() -> None:
    measures = measure(
        [answered((Gold("b.py"),), hit("a.py"), hit("a.py", Span(20, 30)), hit("b.py"))]
    )
    assert measures.mrr_20 == 0.5


def test_the_source_counts_only_where_the_question_names_one() -> None:
    fork = hit("a.py", source="fork")
    assert measure([answered((Gold("a.py"),), fork)]).acc_1 == 1.0
    assert measure([answered((Gold("a.py"),), fork, source="shop")]).acc_1 == 0.0
    assert measure([answered((Gold("a.py"),), fork, source="fork")]).acc_1 == 1.0


def test_a_span_is_found_when_one_of_the_first_ten_hits_overlaps_it() -> None:
    gold = (Gold("a.py", Span(10, 20)), Gold("a.py", Span(50, 60)), Gold("b.py"))
    near = hit("a.py", Span(20, 30)), hit("b.py", Span(50, 60)), hit("a.py", Span(61, 70))
    assert measure([answered(gold, *near)]).span_recall_10 == 0.5
    late = [hit("c.py")] * 10 + [hit("a.py", Span(10, 20))]
    assert measure([answered(gold, *late)]).span_recall_10 == 0.0


def test_without_lines_in_the_gold_there_is_no_span_recall() -> None:
    measures = measure([answered((Gold("a.py"),), hit("a.py"))])
    assert measures.span_recall_10 is None
    assert "SpanRecall@10" not in measures.to_json()


def test_no_questions_measure_0() -> None:
    assert measure([]).to_json() == {
        "queries": 0,
        "Acc@1": 0.0,
        "Recall@5": 0.0,
        "Recall@10": 0.0,
        "MRR@20": 0.0,
    }


def test_questions_are_asked_of_the_search_that_people_use(source_factory: SourceFactory) -> None:
    source = source_factory(
        "shop",
        {
            "cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
            "stock.py": "def left(item):\n    return item.count\n",
        },
    )
    questions = [
        GoldenQuestion("1", "total price", "shop", (Gold("cart.py", Span(2, 2)),)),
        GoldenQuestion("2", "left count", None, (Gold("stock.py"),)),
        GoldenQuestion("3", "total price", None, (Gold("no-such-file.py"),)),
    ]
    answers = list(answer_all(questions, scope=Scope(frozenset({source.pk}))))
    assert [one.to_json()["id"] for one in answers] == ["1", "2", "3"]
    measures = measure(answers)
    assert (measures.queries, measures.span_recall_10) == (3, 1.0)
    assert measures.acc_1 == pytest.approx(2 / 3)


def test_a_scope_without_sources_finds_nothing(db: None) -> None:
    questions = [GoldenQuestion("1", "total price", None, (Gold("cart.py"),))]
    assert [one.hits for one in answer_all(questions, scope=Scope())] == [()]
