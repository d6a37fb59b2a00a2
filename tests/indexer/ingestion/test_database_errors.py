"""A database that breaks off what a sync was writing: nothing of it stays, and the next one ends well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection

from indexer.ingestion import jobs
from indexer.models import Document, Job
from indexer.tasks import embed_source, sync_source
from tests.conftest import SourceFactory
from tests.indexer.ingestion.corpus import snapshot
from tests.indexer.ingestion.test_killed_worker import bury, forget

FILES: dict[str, str | bytes | None] = {f"m{n}.py": f"def f{n}():\n    pass\n" for n in range(5)}
BREAKING = """
CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'broken off' USING ERRCODE = '{code}'; END $$;
CREATE TRIGGER break_off BEFORE INSERT ON {table} EXECUTE FUNCTION break_off();
"""
MENDING = "DROP TRIGGER break_off ON {table}; DROP FUNCTION break_off()"

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@contextmanager
def breaking(table: str, code: str) -> Iterator[None]:
    """Answer every insert into a table with this error."""
    with connection.cursor() as cursor:
        cursor.execute(BREAKING.format(table=table, code=code))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(MENDING.format(table=table))


@pytest.mark.parametrize("table", ["indexer_document", "indexer_revision"])
@pytest.mark.parametrize(
    "code",
    ["40P01", "40001", "57014"],
    ids=["deadlock", "serialization", "statement-timeout"],
)
def test_g18_what_the_database_broke_off_is_done_again(
    source_factory: SourceFactory, table: str, code: str
) -> None:
    source = source_factory("shop", FILES)
    expected = snapshot()
    source = forget(source)
    job = jobs.enqueue(source)
    with breaking(table, code), pytest.raises(DatabaseError, match="broken off"):
        sync_source(job.pk)
    assert Document.objects.count() == 0
    bury(source)
    sync_source(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failures) == (Job.State.DONE, 1)
    for embedding in Job.objects.filter(kind=Job.Kind.EMBED, state=Job.State.QUEUED):
        embed_source(embedding.pk)
    assert snapshot() == expected
