"""The leg of meaning through an index: the same as the exact scan, for every reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from indexer.models import Chunk, Embedding, Source
from indexer.retrieval import nearest, vectorindex
from indexer.retrieval.nearest import exact_vector_candidates, vector_candidates
from indexer.retrieval.queries import Visibility
from indexer.scope import PathRule, Scope
from inference.testing import FakeEmbedder
from tests.indexer.retrieval.conftest import CorpusFactory

MODEL = "fake-embedder"
# An index is built CONCURRENTLY, which no transaction allows.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(
    corpus_factory: CorpusFactory, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Source]:
    """Three hundred texts, indexed, and nobody reads so few that each is compared."""
    settings.VECTOR_INDEX_FROM = 10
    monkeypatch.setattr(nearest, "MOST_COMPARED", 0)
    files = {f"a/f{n}.py": f"def run_{n}():\n    return {n} * {n % 7}\n" for n in range(150)}
    files |= {f"b/f{n}.py": f"class Part{n}:\n    width = {n}\n" for n in range(150)}
    source = corpus_factory("parts", files)
    assert vectorindex.keep_indexes() == [MODEL]
    yield source
    Embedding.objects.all().delete()
    vectorindex.keep_indexes()


def asked(question: str) -> list[float]:
    vector: list[float] = FakeEmbedder().embed([question])[0]
    return vector


def found(scope: Scope, question: str, *, pool: int = 10) -> list[int]:
    rows = vector_candidates(Visibility(scope), asked(question), MODEL, pool=pool)
    return [one.chunk_id for one in rows]


def exact(scope: Scope, question: str, *, pool: int = 10) -> list[int]:
    rows = exact_vector_candidates(Visibility(scope), asked(question), MODEL, pool=pool)
    return [one.chunk_id for one in rows]


def whole(source: Source) -> Scope:
    return Scope(frozenset({source.pk}))


def part(source: Source, folder: str) -> Scope:
    return Scope.from_rules([PathRule(source.pk, folder, True)])


@pytest.fixture
def no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where the leg falls back to comparing every vector."""

    def refuse(*args: object, **more: object) -> list[object]:
        raise AssertionError("every vector was compared")

    monkeypatch.setattr(nearest, "exact_vector_candidates", refuse)


@pytest.mark.usefixtures("no_scan")
@pytest.mark.parametrize("question", ["run_5 return", "class width", "part 17"])
def test_the_index_finds_what_the_scan_finds(source: Source, question: str) -> None:
    assert found(whole(source), question) == exact(whole(source), question)


@pytest.mark.usefixtures("no_scan")
def test_d10_a_reader_of_a_part_gets_a_full_pool_of_that_part_alone(source: Source) -> None:
    scope = part(source, "b/")
    ids = found(scope, "run_5 return", pool=40)
    assert len(ids) == 40
    paths = Chunk.objects.filter(pk__in=ids).values_list("blob__documents__path", flat=True)
    assert {path.split("/")[0] for path in paths} == {"b"}
    assert ids[:10] == exact(scope, "run_5 return")


def test_d10_who_has_fewer_than_the_pool_gets_all_of_them(source: Source) -> None:
    scope = part(source, "a/f1.py")
    assert found(scope, "run_5") == exact(scope, "run_5")
    assert len(found(scope, "run_5")) == 1
    assert found(Scope(), "run_5") == []


def test_few_chunks_are_compared_without_the_index(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "MOST_COMPARED", 1000)
    monkeypatch.setattr(nearest, "_walk", None)
    assert found(part(source, "b/"), "width") == exact(part(source, "b/"), "width")


def test_an_index_that_was_broken_off_is_not_used_and_is_built_again(source: Source) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)",
            [vectorindex.name_of(MODEL)],
        )
    assert not vectorindex.has_index(MODEL)
    assert found(whole(source), "width") == exact(whole(source), "width")
    assert vectorindex.keep_indexes() == [MODEL]
    assert vectorindex.has_index(MODEL)


def test_h08_two_models_have_an_index_each_and_what_nobody_needs_goes(source: Source) -> None:
    digests = Embedding.objects.filter(model=MODEL).values_list("digest", flat=True)
    Embedding.objects.bulk_create(
        Embedding(digest=digest, model="o'ther%s", vector=[1.0, float(n), 2.0])
        for n, digest in enumerate(digests)
    )
    assert vectorindex.keep_indexes() == ["o'ther%s"]
    rows = vector_candidates(Visibility(whole(source)), [1.0, 3.0, 2.0], "o'ther%s", pool=5)
    assert len(rows) == 5
    Embedding.objects.filter(model="o'ther%s").delete()
    vectorindex.keep_indexes()
    assert not vectorindex.has_index("o'ther%s")
    assert vectorindex.has_index(MODEL)


def test_nothing_is_indexed_below_the_limit(source: Source, settings: Settings) -> None:
    Embedding.objects.all().delete()
    vectorindex.keep_indexes()
    settings.VECTOR_INDEX_FROM = 10**6
    assert vectorindex.keep_indexes() == []


def test_the_plan_walks_the_index(source: Source) -> None:
    parameters: dict[str, Any] = {
        "vector": nearest._literal(asked("width")),
        "model": MODEL,
        "dimensions": len(asked("width")),
        "walked": 20,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_sort = off")
        cursor.execute(f"EXPLAIN {nearest.WALK}", parameters)
        plan = "\n".join(str(row[0]) for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
        cursor.execute("RESET enable_sort")
    assert vectorindex.name_of(MODEL) in plan
