"""A backup that is made while a source is being synced holds one whole state of it."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from django.core.management import call_command
from django.db import connection

from indexer.ingestion.inline import sync_now
from indexer.models import Chunk, Document, Embedding, Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.indexer.ingestion.corpus import live_tree, tree

FILES = 150

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def edition(number: int) -> dict[str, str | bytes | None]:
    return {f"m{n}.py": f"def f{n}():\n    return {number}\n" for n in range(FILES)}


def test_h02_a_backup_beside_a_sync_holds_one_state(
    source_factory: SourceFactory, repository_factory: RepositoryFactory, tmp_path: Path
) -> None:
    repository = repository_factory(edition(1))
    source = source_factory("shop", repository=repository)
    trees = {repository.git("rev-parse", "HEAD").strip(): tree(repository)}

    def change() -> None:
        for number in (2, 3, 4):
            repository.commit(edition(number))
            trees[repository.git("rev-parse", "HEAD").strip()] = tree(repository)
            sync_now(Source.objects.get(pk=source.pk))
        connection.close()

    changing = Thread(target=change)
    changing.start()
    files = [tmp_path / f"{number}.backup" for number in range(3)]
    for file in files:
        call_command("backup", file)
    changing.join()
    for file in files:
        call_command("restore", file, yes=True)
        restored = Source.objects.get(name="shop")
        commit = restored.refs.get(is_default=True).commit
        assert live_tree(restored) == trees[commit]
        assert Document.objects.filter(source=restored).count() == FILES
        live = Chunk.objects.filter(blob__documents__source=restored)
        assert live.values("blob_id").distinct().count() == FILES
        assert not Embedding.objects.exclude(digest__in=Chunk.objects.values("digest")).exists()
