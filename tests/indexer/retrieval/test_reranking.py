"""The optional reranker in the search: it decides the order, or the order before it stands."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_django import Settings

from indexer import clients
from indexer.embedding import reranker
from indexer.models import Source
from indexer.retrieval.search import search
from indexer.retrieval.variant import Variant
from indexer.scope import Scope
from inference.errors import ModelUnavailable
from inference.fake_server import FakeServer, serving
from inference.testing import Mode, Script
from tests.indexer.retrieval.conftest import CorpusFactory

QUERY = "retry gauge"
FILES = {
    "a.py": "def gauge(): retry = 'retry retry retry retry gauge gauge'\n",
    "b.py": "def other():\n    return 'gauge'\n",
    "c.py": "def third():\n    return 'gauge of the retry'\n",
}


@pytest.fixture
def source(corpus_factory: CorpusFactory) -> Source:
    return corpus_factory("shop", FILES)


@contextmanager
def reranking(settings: Settings, mode: Mode = Mode.NORMAL) -> Iterator[FakeServer]:
    with serving(Script(mode=mode)) as server:
        settings.RERANK_URL, settings.RERANK_MODEL = server.url, "cross"
        settings.RERANK_TIME_LIMIT_MS = 200
        clients.close()
        yield server
    clients.close()


def order(source: Source, variant: Variant | None = None) -> tuple[list[str], bool]:
    found = search(QUERY, scope=Scope(frozenset({source.pk})), variant=variant or Variant())
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    return [hit.path for hit in found.hits], "rerank" in found.legs


def test_without_a_reranker_nothing_changes(source: Source) -> None:
    assert clients.reranker() is None
    assert not order(source)[1]


def test_the_reranker_decides_the_order(
    source: Source, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = order(source)
    with reranking(settings) as server:
        monkeypatch.setattr(
            "inference.testing._reranked",
            lambda query, texts: {
                "results": [{"index": n, "relevance_score": n} for n in range(len(texts))]
            },
        )
        after, took_part = order(source)
        assert took_part
        assert after == before[::-1]
        (asked,) = [one for one in server.model.received if one["path"] == "/rerank"]
    assert asked["query"] == QUERY
    documents = asked["documents"]
    assert isinstance(documents, list)
    # What is read is the path and the lines, in the order so far.
    assert [text.split("\n")[0] for text in documents] == before


def test_it_is_asked_of_what_the_reader_may_read_alone(
    source: Source, corpus_factory: CorpusFactory, settings: Settings
) -> None:
    corpus_factory("hidden", {"secret.py": "retry gauge gauge retry\n"})
    with reranking(settings) as server:
        order(source)
        assert "secret" not in str(server.model.received)


def test_it_can_be_left_out_to_be_judged(source: Source, settings: Settings) -> None:
    with reranking(settings):
        assert not order(source, Variant(is_reranked=False))[1]
        assert order(source, Variant(is_reranked=True))[1]


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.SLOW, Mode.HTTP500, Mode.BAD_UTF8], ids=str)
def test_whatever_goes_wrong_the_order_before_it_stands(
    source: Source, settings: Settings, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    before = order(source)
    with reranking(settings, mode), caplog.at_level(logging.WARNING):
        assert order(source) == before
    assert "search without the reranker" in caplog.text


def test_after_a_failure_it_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def failing(query: str, texts: object) -> list[float]:
        calls.append(query)
        raise ModelUnavailable

    tired = reranker.Reranker("cross", failing)
    for query in ("first", "second"):
        with pytest.raises(ModelUnavailable):
            tired.scores(query, ["x"])
    assert calls == ["first"]
    monkeypatch.setattr(reranker, "REST_S", -1.0)
    rested = reranker.Reranker("cross", failing)
    for query in ("third", "fourth"):
        with pytest.raises(ModelUnavailable):
            rested.scores(query, ["x"])
    assert calls == ["first", "third", "fourth"]
