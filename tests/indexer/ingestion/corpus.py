"""What the corpus holds, as values that two tests or two runs can compare."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.models import Blob, Chunk, Document, Embedding, Posting, SkippedFile, Source
from indexer.retrieval.search import search
from indexer.scope import Scope
from inference.fake_server import FakeServer
from tests.gitrepos import Repository


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The corpus without the numbers that differ from run to run; sorted lists show doubles."""

    documents: list[tuple[str, str, str, int]]
    blobs: list[tuple[str, str, int, str, str]]
    chunks: list[tuple[str, int, int, int, str]]
    postings: list[tuple[int, str, int, int]]  # term, blob, chunk's ordinal, frequency
    embeddings: list[tuple[str, int, str]]
    skipped: list[tuple[str, str]]


def snapshot() -> Snapshot:
    chunks = {chunk.pk: chunk for chunk in Chunk.objects.select_related("blob")}
    return Snapshot(
        documents=sorted(
            (document.path, document.blob.oid, document.role, len(document.refs))
            for document in Document.objects.select_related("blob")
        ),
        blobs=sorted(
            Blob.objects.values_list("oid", "language", "line_count", "skip_reason", "text")
        ),
        chunks=sorted(
            (chunk.blob.oid, chunk.ordinal, chunk.start_line, chunk.end_line, chunk.symbol)
            for chunk in chunks.values()
        ),
        postings=sorted(
            (posting.term, chunks[chunk_id].blob.oid, chunks[chunk_id].ordinal, frequency)
            for posting in Posting.objects.all()
            for chunk_id, frequency in zip(posting.chunk_ids, posting.frequencies, strict=True)
        ),
        embeddings=sorted(
            (embedding.chunk.blob.oid, embedding.chunk.ordinal, embedding.model)
            for embedding in Embedding.objects.select_related("chunk__blob")
        ),
        skipped=sorted(SkippedFile.objects.values_list("path", "reason")),
    )


def tree(repository: Repository, commit: str = "HEAD") -> dict[str, str]:
    """Return the paths of a commit with their object ids, as git itself lists them."""
    listing = repository.git_bytes("ls-tree", "-r", "-z", commit).split(b"\0")[:-1]
    entries = (record.decode().split("\t", 1) for record in listing)
    return {path: facts.split()[2] for facts, path in entries}


def live_tree(source: Source) -> dict[str, str]:
    """Return what the source's default ref shows, path by path."""
    ref = source.refs.get(is_default=True)
    documents = Document.objects.filter(source=source, refs__contains=[ref.pk])
    return dict(documents.values_list("path", "blob__oid"))


def embedded_texts(models: FakeServer) -> list[str]:
    """Return every text that was sent to be embedded so far."""
    texts: list[str] = []
    for body in models.model.received:
        if body["path"] == "/v1/embeddings":
            assert isinstance(body["input"], list)
            texts.extend(body["input"])
    return texts


def found_paths(query: str, source: Source) -> list[str]:
    """Return the paths that search shows to someone who may read this source alone."""
    result = search(query, scope=Scope(frozenset({source.pk})))
    return [hit.path for hit in result.hits]
