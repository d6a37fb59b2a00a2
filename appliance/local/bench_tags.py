"""Measure what following tags adds to what is stored of a repository, beside what is new in them.

    python -m appliance.local.bench_tags REPOSITORY.. [--tags 10]

Each repository (a folder or a bundle) is synced into a temporary PostgreSQL, one after the other: the default branch
alone, then with its newest tags. Sizes are those of all tables and indexes of the corpus after
VACUUM FULL. New content is what the tags hold and the branch does not, in bytes: whole files, and
only the texts of chunks. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from appliance.local.bench_corpus import database, set_up

if TYPE_CHECKING:
    from indexer.models import Source

console = Console(stderr=True)

SIZES = """
SELECT relname, pg_total_relation_size(oid)
  FROM pg_class
 WHERE relkind = 'r' AND relname LIKE 'indexer\\_%'
"""
# Bytes of the texts of chunks, each text once.
CHUNK_BYTES = """
SELECT coalesce(sum(size), 0)
  FROM (SELECT DISTINCT ON (chunk.digest)
               octet_length(array_to_string((string_to_array(blob.text, E'\\n'))
                            [chunk.start_line:chunk.end_line], E'\\n')) AS size
          FROM indexer_chunk AS chunk
          JOIN indexer_blob AS blob ON blob.id = chunk.blob_id
         ORDER BY chunk.digest) AS text
"""


@dataclass(frozen=True, slots=True)
class Stored:
    tables: dict[str, int]
    files_bytes: int  # of different files
    chunk_bytes: int  # of different texts of chunks
    rows: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.tables.values())


@dataclass(frozen=True, slots=True)
class Result:
    repository: str
    tags: list[str]
    alone: Stored
    followed: Stored
    growth: float  # of what is stored
    files_growth: float  # of the bytes of different files
    chunk_growth: float  # of the bytes of different texts of chunks
    stored_per_new_byte: float  # added storage for a byte of new text


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("repositories", type=Path, nargs="+")
    parser.add_argument("--tags", type=int, default=10)
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            set_up(home)
            for repository in options.repositories:
                bare = home / f"{repository.stem}.git"
                _git(home, "clone", "--quiet", "--mirror", str(repository.resolve()), str(bare))
                results.append(_measure(repository.stem, bare, options.tags))
                _show(results[-1])
    sys.stdout.write(json.dumps([asdict(result) for result in results]) + "\n")


def _measure(repository: str, bare: Path, count: int) -> Result:
    from appliance.sources.managing import connect
    from indexer.ingestion.postings import sweep_postings
    from indexer.ingestion.pruning import prune
    from indexer.models import Source

    tags = _newest_tags(bare, count)
    Source.objects.all().delete()
    prune()
    sweep_postings()
    source = connect(str(bare), name="bench", from_command_line=True)
    _sync(source)
    alone = _stored()
    source.ref_names = [_branch(bare), *tags]
    source.save(update_fields=["ref_names"])
    _sync(source)
    followed = _stored()
    added = followed.total - alone.total
    new_text = followed.chunk_bytes - alone.chunk_bytes
    return Result(
        repository,
        tags,
        alone,
        followed,
        round(added / alone.total, 3),
        round(followed.files_bytes / alone.files_bytes - 1, 3),
        round(followed.chunk_bytes / alone.chunk_bytes - 1, 3),
        round(added / max(new_text, 1), 2),
    )


def _sync(source: Source) -> None:
    from indexer.ingestion import jobs
    from indexer.ingestion.sync import sync

    sync(jobs.claim(jobs.enqueue(source).pk))


def _stored() -> Stored:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL")
        cursor.execute(SIZES)
        tables = {name.removeprefix("indexer_"): int(size) for name, size in cursor.fetchall()}
        cursor.execute("SELECT sum(size_bytes) FROM indexer_blob WHERE skip_reason = ''")
        (files_bytes,) = cursor.fetchone()
        cursor.execute(CHUNK_BYTES)
        (chunk_bytes,) = cursor.fetchone()
        rows = {}
        for name in tables:
            cursor.execute(f'SELECT count(*) FROM "indexer_{name}"')  # noqa: S608  its own name
            (rows[name],) = cursor.fetchone()
    return Stored(tables, int(files_bytes), int(chunk_bytes), rows)


def _newest_tags(bare: Path, count: int) -> list[str]:
    """Return the newest tags of other commits than the branch's, newest first."""
    words = ["for-each-ref", "--sort=-creatordate", "--format=%(refname:short)", "refs/tags"]
    return _git(bare, *words).split()[:count]


def _branch(bare: Path) -> str:
    return _git(bare, "symbolic-ref", "--short", "HEAD").strip()


def _git(bare: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=bare, check=True, capture_output=True, text=True
    ).stdout


def _show(result: Result) -> None:
    console.print(
        f"{result.repository}: stored {result.alone.total / 1e6:.1f} MB, with {len(result.tags)}"
        f" tags {result.followed.total / 1e6:.1f} MB ({result.growth:+.0%}); different files"
        f" {result.files_growth:+.0%}, different texts {result.chunk_growth:+.0%};"
        f" {result.stored_per_new_byte} bytes stored for a byte of new text"
    )
    for name, size in sorted(result.followed.tables.items(), key=lambda item: -item[1]):
        before = result.alone.tables[name]
        if size > 100_000:
            console.print(
                f"  {name:12} {before / 1e6:8.2f} MB -> {size / 1e6:8.2f} MB,"
                f" {result.alone.rows[name]} -> {result.followed.rows[name]} rows"
            )


if __name__ == "__main__":
    main()
