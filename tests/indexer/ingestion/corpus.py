"""What the corpus holds, as values that two tests or two runs can compare."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from indexer import clients
from indexer.ingestion.changes import Plan, plan_ref
from indexer.lexical.entries import ENTRY
from indexer.models import (
    Blob,
    Chunk,
    Definition,
    Document,
    Embedding,
    Finding,
    NamesUsed,
    Posting,
    SkippedFile,
    Source,
    TrigramUse,
)
from indexer.retrieval.search import search
from indexer.scope import Scope
from inference.fake_server import FakeServer
from tests.gitrepos import Repository


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The corpus without the numbers that differ from run to run; sorted lists show doubles."""

    documents: list[tuple[str, str, str, int]]
    blobs: list[tuple[str, str, int, str, str]]
    chunks: list[tuple[str, int, int, int, str, str]]
    postings: list[tuple[int, str, int, int]]  # term, blob, chunk's ordinal, frequency
    embeddings: list[tuple[str, str]]  # digest, model
    definitions: list[tuple[str, str, str, int, int]]
    names_used: list[tuple[str, list[str], list[str]]]
    findings: list[tuple[str, str, int]]
    trigrams: list[tuple[str, list[int]]]
    skipped: list[tuple[str, str]]


def snapshot() -> Snapshot:
    chunks = list(Chunk.objects.select_related("blob"))
    holding: dict[int, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        holding[chunk.passage_id].append(chunk)
    return Snapshot(
        documents=sorted(
            (document.path, document.blob.oid, document.role, len(document.refs))
            for document in Document.objects.select_related("blob")
        ),
        blobs=sorted(
            Blob.objects.values_list("oid", "language", "line_count", "skip_reason", "text")
        ),
        chunks=sorted(
            (
                chunk.blob.oid,
                chunk.ordinal,
                chunk.start_line,
                chunk.end_line,
                chunk.symbol,
                str(chunk.digest),
            )
            for chunk in chunks
        ),
        postings=sorted(
            (posting.term, chunk.blob.oid, chunk.ordinal, frequency)
            for posting in Posting.objects.all()
            for offset, frequency in np.frombuffer(bytes(posting.entries), ENTRY).tolist()
            for chunk in holding[posting.batch + offset]
        ),
        embeddings=sorted(
            (str(digest), model)
            for digest, model in Embedding.objects.values_list("digest", "model")
        ),
        definitions=sorted(
            Definition.objects.values_list(
                "blob__oid", "qualified", "kind", "start_line", "end_line"
            )
        ),
        names_used=sorted(NamesUsed.objects.values_list("blob__oid", "names", "lines")),
        findings=sorted(Finding.objects.values_list("blob__oid", "rule", "line")),
        trigrams=sorted(TrigramUse.objects.values_list("blob__oid", "trigram_set__trigrams")),
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


def whole_plan(source: Source, commit: str) -> Plan:
    """Return the plan that compares a commit of a synced source with nothing."""
    return plan_ref(
        clients.mirror_of(source), None, commit, patterns=(), max_bytes=clients.max_file_bytes()
    )
