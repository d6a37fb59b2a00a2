"""Which lines of a found document are shown, and how far around them."""

from __future__ import annotations

from indexer.models import Chunk, Document
from indexer.retrieval.fusion import RankedChunk, RankedDocument
from indexer.retrieval.places import MAX_LINES, Place, places_of
from indexer.retrieval.queries import VisibleDocument
from tests.indexer.retrieval.conftest import CorpusFactory

# Five functions that are each a chunk of their own: 38 lines and two blank ones.
LONG = "".join(
    f"def step_{number}(request):\n" + f"    handle_{number}(request, request.body)\n" * 37 + "\n\n"
    for number in range(5)
)
SHORT = "def total(items):\n    return sum(items)\n"


def ranked(path: str, scores: dict[int, float], score: float = 1.0) -> RankedDocument:
    """Return a document whose chunks (by ordinal) were found with these scores."""
    row = Document.objects.get(path=path)
    ids = dict(Chunk.objects.filter(blob=row.blob_id).values_list("ordinal", "pk"))
    chunks = [RankedChunk(ids[at], found, ("lexical",)) for at, found in scores.items()]
    document = VisibleDocument(row.pk, row.source_id, "shop", path, row.role, row.blob_id, "0" * 40)
    best_first = tuple(sorted(chunks, key=lambda chunk: -chunk.score))
    return RankedDocument(document, score, best_first, (), 0.0)


def shown(*documents: RankedDocument, limit: int = 20, per_document: int = 3) -> list[Place]:
    return list(places_of(documents, limit=limit, per_document=per_document))


def test_a_place_grows_by_whole_chunks_up_to_its_limit(corpus_factory: CorpusFactory) -> None:
    corpus_factory("shop", {"long.py": LONG})
    spans = dict(Chunk.objects.values_list("ordinal", "end_line"))
    assert spans == {0: 38, 1: 78, 2: 118, 3: 158, 4: 198}
    (place,) = shown(ranked("long.py", {2: 1.0}))
    assert place.chunk.ordinal == 2
    assert str(place.span) in {"L41-L118", "L81-L158"}
    assert place.span.end_line - place.span.start_line < MAX_LINES


def test_a_place_grows_to_where_more_was_found(corpus_factory: CorpusFactory) -> None:
    corpus_factory("shop", {"long.py": LONG})
    (after,) = shown(ranked("long.py", {2: 1.0, 3: 0.4}))
    (before,) = shown(ranked("long.py", {2: 1.0, 1: 0.4}))
    assert (str(after.span), str(before.span)) == ("L81-L158", "L41-L118")


def test_a_small_file_is_shown_whole(corpus_factory: CorpusFactory) -> None:
    corpus_factory("shop", {"short.py": SHORT})
    (place,) = shown(ranked("short.py", {0: 1.0}))
    assert str(place.span) == "L1-L2"


def test_no_line_of_a_document_is_shown_twice(corpus_factory: CorpusFactory) -> None:
    corpus_factory("shop", {"long.py": LONG})
    places = shown(ranked("long.py", {0: 1.0, 2: 0.9, 4: 0.8, 1: 0.7}), per_document=4)
    lines = [
        line for place in places for line in range(place.span.start_line, place.span.end_line + 1)
    ]
    assert len(lines) == len(set(lines))
    assert {place.chunk.ordinal for place in places} >= {0, 2, 4}


def test_the_same_text_in_two_documents_is_shown_in_both(corpus_factory: CorpusFactory) -> None:
    corpus_factory("shop", {"a.py": SHORT})
    corpus_factory("store", {"b.py": SHORT})
    places = shown(ranked("a.py", {0: 1.0}), ranked("b.py", {0: 1.0}, 0.9))
    assert [place.document.document.path for place in places] == ["a.py", "b.py"]


def test_a_further_file_comes_before_a_weak_place_of_the_first(
    corpus_factory: CorpusFactory,
) -> None:
    corpus_factory("shop", {"long.py": LONG, "short.py": SHORT})
    first, second = ranked("long.py", {0: 1.0, 4: 0.6}), ranked("short.py", {0: 1.0}, 0.5)
    assert [place.document.document.path for place in shown(first, second)] == [
        "long.py",
        "short.py",
        "long.py",
    ]


def test_more_may_be_asked_without_changing_what_comes_first(
    corpus_factory: CorpusFactory,
) -> None:
    corpus_factory("shop", {"long.py": LONG, "short.py": SHORT})
    documents = [ranked("long.py", {0: 1.0, 4: 0.6}), ranked("short.py", {0: 1.0}, 0.5)]
    everything = shown(*documents)
    for limit in range(1, len(everything) + 1):
        assert shown(*documents, limit=limit) == everything[:limit]


def test_a_document_that_was_found_as_a_whole_is_shown_from_its_start(
    corpus_factory: CorpusFactory,
) -> None:
    corpus_factory("shop", {"long.py": LONG})
    (place,) = shown(ranked("long.py", {}))
    assert (place.chunk.ordinal, place.legs) == (0, ())


def test_a_document_whose_chunks_went_meanwhile_is_left_out(corpus_factory: CorpusFactory) -> None:
    corpus_factory("shop", {"long.py": LONG, "short.py": SHORT})
    documents = [ranked("long.py", {0: 1.0}), ranked("short.py", {0: 1.0}, 0.5)]
    Chunk.objects.filter(blob__documents__path="long.py").delete()
    assert [place.document.document.path for place in shown(*documents)] == ["short.py"]
