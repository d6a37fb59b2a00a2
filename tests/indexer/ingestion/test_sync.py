"""From a repository to the corpus: what is stored, what is read again, what is live."""

from __future__ import annotations

from pytest_django import Settings

from indexer.ingestion.inline import sync_now
from indexer.masking import mask
from indexer.models import Chunk, Document, Embedding, Revision, SkippedFile
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.conftest import RepositoryFactory, SourceFactory
from tests.indexer.ingestion.corpus import live_tree, tree

FILES: dict[str, str | bytes | None] = {
    "shop/cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "shop/stock.py": "def left(item):\n    return item.count\n",
    "README.md": "# Shop\n\nSells things.\n",
}
ODD_FILES: dict[str, str | bytes | None] = {
    "logo.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0",
    "empty.py": "",
    "package-lock.json": "{}\n",
    "big.txt": "a line of words\n" * 80_000,
    "model.bin": (
        "version https://git-lfs.github.com/spec/v1\n"
        "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
        "size 12345\n"
    ),
}


def test_a_second_sync_without_changes_embeds_nothing(source_factory: SourceFactory) -> None:
    source = source_factory("shop", FILES)
    report = sync_now(source)
    assert report.files == 3
    assert report.files_changed == 0
    assert report.chunks_embedded == 0
    assert report.seconds_vector is not None
    assert Document.objects.filter(source=source).count() == 3


def test_documents_are_the_tree_without_what_is_skipped(
    source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    repository = repository_factory(FILES | ODD_FILES)
    source = source_factory("shop", repository=repository)
    skipped = dict(SkippedFile.objects.values_list("path", "reason"))
    assert skipped == {
        "logo.png": "binary",
        "empty.py": "empty",
        "package-lock.json": "lock_file",
        "big.txt": "too_large",
        "model.bin": "lfs",
    }
    expected = {path: oid for path, oid in tree(repository).items() if path not in skipped}
    assert live_tree(source) == expected


def test_the_report_counts_what_the_database_holds(source_factory: SourceFactory) -> None:
    source = source_factory("shop", FILES | ODD_FILES)
    revision = Revision.objects.get()
    assert revision.files == Document.objects.filter(source=source).count() == 3
    assert revision.files_changed == 3
    assert revision.chunks == Chunk.objects.count()
    assert revision.chunks_embedded == Embedding.objects.count() == revision.chunks
    assert revision.skipped == {
        "binary": 1,
        "empty": 1,
        "lfs": 1,
        "lock_file": 1,
        "too_large": 1,
    }
    assert 0 < revision.seconds_lexical <= (revision.seconds_vector or 0)


def test_every_chunk_is_verbatim_lines_of_its_blob(
    source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    long_file = "".join(f"value_{n} = compute({n})\n" for n in range(300))
    odd_lines = "first\x0cstill first\nsecond\u2028still second\n\nfourth\tend"
    repository = repository_factory(FILES | {"long.py": long_file, "odd lines é.txt": odd_lines})
    source = source_factory("shop", repository=repository)
    for document in Document.objects.filter(source=source).select_related("blob"):
        content = repository.git_bytes("show", f"HEAD:{document.path}").decode()
        lines = mask(content, document.path).text.split("\n")  # but for what is made harmless
        for chunk in document.blob.chunks.all():
            shown = chunk.span.lines_of(document.blob.text)
            assert shown == lines[chunk.start_line - 1 : chunk.end_line]
            assert chunk.end_line <= document.blob.line_count


def test_a_file_with_carriage_returns_keeps_its_line_numbers(
    source_factory: SourceFactory,
) -> None:
    source_factory("shop", {"dos.py": "def one():\r\n    pass\r\n\r\ndef two():\r\n    pass\r\n"})
    chunk = Chunk.objects.select_related("blob").get()
    assert (chunk.start_line, chunk.end_line, chunk.blob.line_count) == (1, 5, 5)
    assert chunk.blob.text.split("\n")[3] == "def two():"


def test_a_large_file_limit_of_the_operator_holds_beyond_five_megabytes(
    source_factory: SourceFactory, settings: Settings, models: FakeServer
) -> None:
    settings.FILE_SIZE_LIMIT_KB = 8 * 1024
    models.model.script = Script(mode=Mode.HTTP500)  # vectors of it would take too long here
    big = ("many words " * 20 + "\n") * 25_000
    source = source_factory("shop", {"a.txt": "words\n", "big.txt": big})
    assert set(live_tree(source)) == {"a.txt", "big.txt"}
