"""Recall of the vector leg for readers of different shares."""

from __future__ import annotations

import random
from typing import Any

import pytest

from indexer.evaluation import vectors
from indexer.evaluation.vectors import _chunks_of, _sizes, recall_by_class, recall_of, sampled_scope
from indexer.models import Source
from indexer.retrieval.nearest import exact_vector_candidates, vector_candidates
from indexer.retrieval.queries import Candidate, Visibility
from indexer.scope import Scope
from inference.testing import FakeEmbedder
from tests.indexer.retrieval.conftest import CorpusFactory

QUERY = "module seven sums numbers"


@pytest.fixture
def corpus(corpus_factory: CorpusFactory) -> Scope:
    """Three sources of very different size, in folders."""
    sources = [
        corpus_factory(
            name,
            {
                f"part{n % 7}/area{n % 3}/module{n}.py": f"def module_{name}_{n}():\n    return {n}\n"
                for n in range(count)
            },
        )
        for name, count in (("large", 300), ("middle", 80), ("small", 20))
    ]
    return Scope(frozenset(source.pk for source in sources))


def vector() -> list[float]:
    return [float(x) for x in FakeEmbedder().embed([QUERY])[0]]


def test_d10_every_class_is_measured_and_exact_search_finds_all(corpus: Scope) -> None:
    found = recall_by_class([QUERY, "small module"], corpus, time_limit_s=60)
    assert [one.share for one in found][:2] == [1.0, 0.1]
    assert found[0].chunks == 400
    assert 30 <= found[1].chunks <= 50
    assert {one.recall for one in found} == {1.0}
    assert {one.questions for one in found} == {2}


@pytest.mark.parametrize("share", [0.5, 0.1, 0.03])
def test_a_sampled_reader_may_read_about_that_share(corpus: Scope, share: float) -> None:
    sizes = _sizes(corpus)
    for seed in range(5):
        reader = sampled_scope(sizes, share, random.Random(seed))  # noqa: S311  no secret
        assert _chunks_of(reader, sizes) == pytest.approx(400 * share, rel=0.35)
        assert len(reader.rules) + len(reader.whole_source_ids) <= vectors.MOST_RULES
        visible = exact_vector_candidates(Visibility(reader), vector(), "fake-embedder", pool=1000)
        assert len(visible) == _chunks_of(reader, sizes)


def test_what_is_missing_counts(corpus: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    def halved(*args: Any, **more: Any) -> list[Candidate]:
        return vector_candidates(*args, **more)[::2]

    monkeypatch.setattr(vectors, "vector_candidates", halved)
    assert recall_of(Visibility(corpus), vector(), "fake-embedder") == pytest.approx(0.5, abs=0.11)


def test_a_reader_of_nothing_has_no_recall(corpus: Scope) -> None:
    assert recall_of(Visibility(Scope()), vector(), "fake-embedder") is None
    assert recall_of(Visibility(corpus), vector(), "no-such-model") is None


def test_what_does_not_fit_into_the_time_is_left_out(corpus: Scope) -> None:
    assert recall_by_class([QUERY], corpus, time_limit_s=-1) == []


def test_folders_with_wildcards_in_their_names_are_no_rules(corpus_factory: CorpusFactory) -> None:
    source: Source = corpus_factory("odd", {"a*/b.py": "x = 1\n", "c/d.py": "y = 2\n"})
    sizes = _sizes(Scope(frozenset({source.pk})))
    assert set(sizes) == {(source.pk, ""), (source.pk, "c"), (source.pk, "c/d.py")}
