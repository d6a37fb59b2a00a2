"""Versions of a file share what they have in common, and nothing of one is told of another."""

from __future__ import annotations

import pytest

from indexer.codesearch.query import read_query
from indexer.codesearch.search import search_code
from indexer.confined.prepare import prepare
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.ingestion.postings import sweep_postings
from indexer.ingestion.pruning import prune
from indexer.ingestion.store import store_blobs
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
from tests.indexer.retrieval.conftest import CorpusFactory, object_id

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
    repository.commit({"steps.py": "".join(f"other{n} = {n * 7919}\n" for n in range(400))})
    sync_now(source)
    assert TrigramSet.objects.count() == 2


def test_passages_of_two_sources_are_counted_for_each_reader_alone(
    corpus_factory: CorpusFactory,
) -> None:
    def scores(*sources: Source) -> list[float]:
        visibility = Visibility(scope_of(*sources))
        found = lexical_candidates(visibility, {term_id("total"): 1.0}, pool=100)
        return [candidate.score for candidate in found]

    shared = "def total(items):\n    return sum(items)\n"
    shop = corpus_factory("shop", {"cart.py": shared, "tax.py": "RATE = 1\n"}, embed=False)
    before = scores(shop)
    copies = {f"copy{n}.py": shared + "\n" * n for n in range(4)}
    other = corpus_factory("other", copies, embed=False)
    assert scores(shop) == before != []
    assert len(scores(other)) == 4
    assert len(scores(shop, other)) == 5
    assert Passage.objects.count() == 2


def test_what_a_reading_child_says_of_its_file_changes_no_other_file(
    corpus_factory: CorpusFactory,
) -> None:
    """A child that a hostile file has taken over may claim the digest of any text."""
    source = corpus_factory("shop", {"empty.py": "PLACE = 1\n"}, embed=False)
    content = b"def total(items):\n    return sum(items)\n"
    good = prepare(object_id(content), "cart.py", content, max_bytes=10**6)
    lie = b"nothing = 1\n"
    bad = prepare(object_id(lie), "lie.py", lie, max_bytes=10**6)
    claimed = good.chunks[0].digest
    bad.chunks[:] = [type(chunk)(**{**_fields(chunk), "digest": claimed}) for chunk in bad.chunks]
    job = jobs.claim(jobs.enqueue(source).pk)
    store_blobs(job, [bad])
    store_blobs(job, [good])
    first, second = Chunk.objects.filter(digest__isnull=False).order_by("-pk")[:2]
    assert first.digest == second.digest
    assert first.passage_id != second.passage_id


def _fields(chunk: object) -> dict[str, object]:
    return {name: getattr(chunk, name) for name in type(chunk).__struct_fields__}  # type: ignore[attr-defined]
