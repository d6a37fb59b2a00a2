"""A corpus without git: files become documents at once, through the same writes as a sync."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha1

import pytest
from django.utils import timezone

from indexer.confined.prepare import prepare
from indexer.ingestion import jobs
from indexer.ingestion.changes import PlannedPath
from indexer.ingestion.embed import embed as fill_in
from indexer.ingestion.publish import RefUpdate, publish
from indexer.ingestion.store import store_blobs
from indexer.models import Job, Source
from inference.fake_server import FakeServer

CorpusFactory = Callable[..., Source]


@dataclass(frozen=True, slots=True)
class FilesPlan:
    """A plan that needs no repository."""

    planned: tuple[PlannedPath, ...]
    is_whole: bool = True
    key: str = "files"

    def paths(self) -> Iterator[PlannedPath]:
        return iter(self.planned)


def object_id(content: bytes) -> str:
    return sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


@pytest.fixture
def corpus_factory(db: None, models: FakeServer) -> CorpusFactory:
    """Make files live: `corpus_factory("shop", {"cart.py": "..."}, ref="main")`."""

    def make(
        name: str,
        files: Mapping[str, str],
        *,
        ref: str = "main",
        is_default: bool = True,
        embed: bool = True,
    ) -> Source:
        source, _ = Source.objects.get_or_create(
            name=name, kind=Source.Kind.REMOTE, location=f"https://git.example.com/{name}"
        )
        job = jobs.claim(jobs.enqueue(source).pk)
        contents = {path: text.encode() for path, text in files.items()}
        store_blobs(
            job,
            [
                prepare(object_id(content), path, content, max_bytes=10**6)
                for path, content in contents.items()
            ],
        )
        commit = sha1(repr((name, ref, files)).encode(), usedforsecurity=False).hexdigest()
        update = RefUpdate(ref, "branch", is_default, commit, timezone.now())
        plan = FilesPlan(
            tuple(
                PlannedPath(path, object_id(content), len(content))
                for path, content in contents.items()
            )
        )
        publish(job, update, plan)
        jobs.finish(job)
        if embed:
            embed_job = jobs.claim(jobs.enqueue(source, Job.Kind.EMBED).pk)
            fill_in(embed_job, jobs.Heartbeat(embed_job))
        return source

    return make
