"""Versions of a file share what they have in common, and nothing of one is told of another."""

from __future__ import annotations

import pytest

from indexer.codesearch.query import read_query
from indexer.codesearch.search import search_code
from indexer.ingestion.inline import sync_now
from indexer.ingestion.postings import sweep_postings
from indexer.ingestion.pruning import prune
from indexer.lexical.terms import term_id
from indexer.models import (
    Blob,
    Chunk,
    NamesUsed,
    Passage,
    PassageDefinition,
    Posting,
    Source,
    TrigramSet,
    TrigramUse,
)
from indexer.retrieval.lexical import lexical_candidates
from indexer.retrieval.queries import Visibility
from indexer.retrieval.symbols import definitions_of, uses_of
from indexer.scope import Scope
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

pytestmark = pytest.mark.services


def module(*, changed: str = "", first: str = "") -> str:
    """Write thirty functions, each long enough for a chunk of its own; one may be changed."""
    return first + "".join(
        f"def step_{number}(order):\n"
        + "".join(f"    order.move_{number}_{line}(order.part_{line})\n" for line in range(40))
        + (f"    order.{changed}()\n" if changed and number == 29 else "")
        + "\n\n"
        for number in range(30)
    )


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    """Hold two tags: of the second, one function is changed and all others are lines further down."""
    repository = repository_factory({"steps.py": module()}, "shop")
    repository.git("tag", "v1")
    repository.commit({"steps.py": module(changed="refund_at_last", first="import order\n\n\n")})
    repository.git("tag", "v2")
    return repository


@pytest.fixture
def source(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository, refs=("main", "v1"))


def scope_of(*sources: Source) -> Scope:
    return Scope(frozenset(source.pk for source in sources))


def files_read(pattern: str, source: Source, ref: str) -> tuple[int, int]:
    """Return how many files code search read, and how many lines it found."""
    query = read_query(f"{pattern} ref:{ref}")
    result = search_code(query, scope=scope_of(source))
    return result.certificate.files_read, result.line_count


def test_a_version_adds_what_it_changes(source: Source) -> None:
    assert Blob.objects.count() == 2
    each = Chunk.objects.count() / 2
    assert each >= 10
    assert Passage.objects.count() <= each + 3
    assert PassageDefinition.objects.filter(name="step_3").count() == 1
    assert TrigramSet.objects.count() == 1
    assert TrigramUse.objects.count() == NamesUsed.objects.count() == 2


def test_each_version_is_shown_at_its_own_lines(source: Source) -> None:
    def lines(ref: str) -> tuple[list[int], list[int]]:
        defined = definitions_of("step_3", scope=scope_of(source), refs=[ref]).hits
        used = uses_of("move_3_0", scope=scope_of(source), refs=[ref]).hits
        return [hit.span.start_line for hit in defined], [n for hit in used for n, _ in hit.lines]

    assert lines("v1") == ([130], [131])
    assert lines("main") == ([133], [134])


def test_words_of_one_version_are_not_found_in_another(source: Source) -> None:
    def found(word: str, ref: str) -> int:
        visibility = Visibility(scope_of(source), (ref,))
        return len(lexical_candidates(visibility, {term_id(word): 1.0}, pool=100))

    assert (found("refund", "main"), found("refund", "v1")) == (1, 0)
    assert found("order", "main") >= found("order", "v1") == Chunk.objects.count() // 2


def test_code_search_tells_of_a_version_nothing_that_only_another_holds(source: Source) -> None:
    assert files_read("refund_at_last", source, "main") == (1, 1)
    # Its set of trigrams allows it, because the other version's are in it; that is not told.
    assert files_read("refund_at_last", source, "v1") == (0, 0)


def test_a_version_that_goes_leaves_the_other_whole(source: Source, repository: Repository) -> None:
    Source.objects.update(ref_names=["v1"])
    source.refresh_from_db()
    sync_now(source)
    assert prune() == 1
    sweep_postings()
    assert Passage.objects.count() == Chunk.objects.values("passage").distinct().count()
    assert not Posting.objects.filter(term=term_id("refund")).exists()
    assert Posting.objects.filter(term=term_id("order")).exists()
    assert definitions_of("step_3", scope=scope_of(source)).total == 1
    assert files_read("move_3_0", source, "v1") == (1, 1)
    source.delete()
    assert prune() == 1
    assert not TrigramSet.objects.exists()
    assert not PassageDefinition.objects.exists()


def test_a_set_that_would_say_too_little_is_not_shared(
    source: Source, repository: Repository
) -> None:
    repository.commit({"steps.py": "RATE = 1.19\n"})
    sync_now(source)
    assert TrigramSet.objects.count() == 2
