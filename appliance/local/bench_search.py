"""Measure search at scale: each leg and all together, for one user and for twenty at once.

    python -m appliance.local.bench_search --chunks 100000 --chunks 1000000
        [--folder FOLDER...] [--history REPOSITORY...] [--questions FILE] [--keep FOLDER] [--vectors]

The corpus is what bench_filling writes: real files (of the running Python unless folders are named),
repeated with other rare words and names until there are enough chunks, in fifty sources. Questions
are real: golden ones, and messages of commits of the named repositories. PostgreSQL is one of its own;
with --keep its data stays in the folder and is used again. Without --vectors the leg of
vectors rests; with it they are the static model's, of copies with some noise, indexed as the product
indexes them, and compared with the exact scan for readers of 100%, 10%, 1% and 0.1%.
The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import psutil
from rich.console import Console

from appliance.local import bench_filling
from appliance.local.bench_corpus import database, set_up

if TYPE_CHECKING:
    from indexer.models import Ref
    from indexer.scope import Scope

console = Console(stderr=True)
ROOT = Path(__file__).parents[2]
BASE_CHUNKS = 100_000  # read from files; more are repetitions
SOURCES = 50
AT_ONCE = 20
RECALL_QUESTIONS = 20
MESSAGES = 200  # asked, beside the golden questions


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one kind of call."""

    p50: float
    p95: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        ordered = sorted(1000 * one for one in seconds)
        at = min(len(ordered) - 1, int(0.95 * len(ordered)))
        middle = statistics.median(ordered)
        return cls(round(middle, 1), round(ordered[at], 1), round(ordered[-1], 1))


@dataclass(frozen=True, slots=True)
class Reader:
    """The vector leg for one class of reader."""

    share: float
    kind: str  # of whole sources, or of folders by path rules
    chunks: int
    recall_10: float  # against comparing every vector
    leg_ms: Times


@dataclass(frozen=True, slots=True)
class Result:
    chunks: int
    documents: int
    postings: int
    batches: int
    commits: int
    questions: int
    words_a_question: float
    chunks_with_a_word: float  # entries that an average question touches
    first_search_s: float  # with nothing in memory
    after_a_push_ms: Times  # the first search after one source has changed
    legs_ms: dict[str, Times]
    narrow_ms: Times  # one source alone
    search_ms: Times
    at_once_ms: Times
    at_once_per_s: float
    process_mb: float
    database_mb: float  # peak of its processes, shared memory counted once
    disk_mb: dict[str, int]
    readers: list[Reader]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--chunks", type=int, action="append", required=True)
    parser.add_argument("--folder", type=Path, action="append", default=[])
    parser.add_argument("--history", type=Path, action="append", default=[])
    parser.add_argument("--questions", type=Path, default=ROOT / "golden/natural-validation.jsonl")
    parser.add_argument("--keep", type=Path, help="where data stays for the next run")
    parser.add_argument("--vectors", action="store_true")
    options = parser.parse_args()
    options.folder = options.folder or [Path(sys.prefix), Path(json.__file__).parents[1]]
    options.history = options.history or [ROOT]
    if len(options.chunks) > 1:
        _each_by_itself(options.chunks)
        return
    (chunks,) = options.chunks
    with _home(options.keep, chunks) as home, database(home) as server:
        set_up(home)
        logging.disable(logging.WARNING)
        _fill(options, chunks)
        result = _measured(options, server)
    sys.stdout.write(json.dumps(asdict(result)) + "\n")


def _each_by_itself(sizes: Sequence[int]) -> None:
    """Measure each size in a process of its own, which knows one database."""
    words = [word for word in sys.argv[1:] if word != "--chunks" and word not in map(str, sizes)]
    for size in sizes:
        module = [sys.executable, "-m", "appliance.local.bench_search"]
        subprocess.run([*module, "--chunks", str(size), *words], check=True)


@contextmanager
def _home(keep: Path | None, chunks: int) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
            Path(name).chmod(0o755)
            yield Path(name)
        return
    home = keep / str(chunks)
    home.mkdir(parents=True, exist_ok=True)
    for folder in (keep, home):
        folder.chmod(0o755)
    yield home


def _fill(options: argparse.Namespace, chunks: int) -> None:
    from django.db import connection

    from indexer.models import Chunk, Embedding
    from indexer.retrieval import vectorindex

    if not Chunk.objects.exists():
        console.print("Reading files ...")
        files = bench_filling.read_files(options.folder, min(chunks, BASE_CHUNKS))
        console.print(f"{len(files)} files; writing {chunks} chunks ...")
        started = time.monotonic()
        bench_filling.fill(files, chunks, SOURCES, bench_filling.told_by(options.history))
        console.print(f"written in {time.monotonic() - started:.0f} s")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    if options.vectors and not Embedding.objects.exists():
        bench_filling.write_vectors()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE indexer_embedding")
    if options.vectors:
        started = time.monotonic()
        built = vectorindex.keep_indexes()
        console.print(f"indexes built of {built} in {time.monotonic() - started:.0f} s")


def _measured(options: argparse.Namespace, server: psutil.Process) -> Result:
    from indexer import clients
    from indexer.embedding.embedder import Embedder
    from indexer.evaluation.golden import read_golden
    from indexer.models import Batch, Chunk, Commit, Document, Posting, Ref, Source
    from indexer.retrieval.search import search
    from indexer.scope import Scope

    if not options.vectors:
        resting = Embedder("none", _no_vectors)
        clients.embedder = lambda _recipe=None: resting  # type: ignore[assignment]
    told = bench_filling.told_by(options.history)
    chosen = np.random.default_rng(3).choice(len(told), min(MESSAGES, len(told)), replace=False)
    questions = [one.query for one in read_golden(options.questions)]
    questions += [told[at].message for at in chosen.tolist()]
    sources = list(Source.objects.order_by("pk").values_list("pk", flat=True))
    scope = Scope(frozenset(sources))

    def ask(question: str, within: Scope = scope) -> float:
        started = time.monotonic()
        search(question, scope=within)
        return time.monotonic() - started

    first_s = ask(questions[0])
    for question in questions[:20]:
        ask(question)
    console.print(f"first search {first_s:.1f} s; asking {len(questions)} questions ...")
    alone = [ask(question) for question in questions]
    legs = _legs(questions, scope, options.vectors)
    narrow = [
        ask(question, Scope(frozenset({sources[number % len(sources)]})))
        for number, question in enumerate(questions)
    ]
    at_once, per_s = _at_once(questions, ask)
    pushed = [_after_a_push(Ref.objects.get(source=pk), questions[1], ask) for pk in sources[:20]]
    holding = _entries(questions)
    readers = _readers(questions, scope) if options.vectors else []
    return Result(
        chunks=Chunk.objects.count(),
        documents=Document.objects.count(),
        postings=Posting.objects.count(),
        batches=Batch.objects.count(),
        commits=Commit.objects.count(),
        questions=len(questions),
        words_a_question=holding[0],
        chunks_with_a_word=holding[1],
        first_search_s=round(first_s, 2),
        after_a_push_ms=Times.of(pushed),
        legs_ms=legs,
        narrow_ms=Times.of(narrow),
        search_ms=Times.of(alone),
        at_once_ms=Times.of(at_once),
        at_once_per_s=per_s,
        process_mb=round(psutil.Process().memory_info().rss / 1e6),
        database_mb=_database_mb(server),
        disk_mb=_disk_mb(),
        readers=readers,
    )


def _no_vectors(texts: list[str]) -> list[list[float]]:
    from inference.errors import ModelNotConfigured

    raise ModelNotConfigured


def _readers(questions: Sequence[str], scope: Scope) -> list[Reader]:
    """Ask the vector leg for readers of different shares, by whole sources and by path rules."""
    import random

    from indexer import clients
    from indexer.evaluation.vectors import SHARES, _chunks_of, _sizes, recall_of, sampled_scope
    from indexer.retrieval.gathering import POOL
    from indexer.retrieval.nearest import vector_candidates
    from indexer.retrieval.queries import Visibility

    embedder = clients.embedder()
    vectors = [embedder.embed_query(question) for question in questions[:RECALL_QUESTIONS]]
    sizes = _sizes(scope)
    sources = {folder: size for folder, size in sizes.items() if not folder[1]}
    readers = []
    for share in SHARES:
        for kind, folders in (("sources", sources), ("folders", sizes)):
            dice = random.Random(7)  # noqa: S311
            reader = scope if share == 1 else sampled_scope(folders, share, dice)
            if not reader.source_ids or (share == 1 and kind == "folders"):
                continue
            seen = Visibility(reader)
            vector_candidates(seen, vectors[0], embedder.model, pool=POOL)
            seconds, recalls = [], []
            for vector in vectors:
                started = time.monotonic()
                vector_candidates(seen, vector, embedder.model, pool=POOL)
                seconds.append(time.monotonic() - started)
                recalls.append(recall_of(seen, vector, embedder.model) or 0.0)
            readers.append(
                Reader(
                    share,
                    kind,
                    _chunks_of(reader, sizes),
                    round(statistics.mean(recalls), 4),
                    Times.of(seconds),
                )
            )
    return readers


def _legs(questions: Sequence[str], scope: Scope, vectors: bool) -> dict[str, Times]:
    """Time every leg by itself, as gathering calls them."""
    from indexer import clients
    from indexer.lexical.queries import query_weights
    from indexer.lexical.terms import term_id
    from indexer.retrieval.gathering import COMMITS, POOL, names_in
    from indexer.retrieval.history import history_candidates
    from indexer.retrieval.lexical import lexical_candidates
    from indexer.retrieval.names import symbol_candidates
    from indexer.retrieval.nearest import vector_candidates
    from indexer.retrieval.paths import path_candidates
    from indexer.retrieval.queries import Visibility, documents_of

    seen = Visibility(scope)
    seconds: dict[str, list[float]] = {}

    def timed(leg: str, call: Callable[[], Any]) -> Any:
        started = time.monotonic()
        found = call()
        seconds.setdefault(leg, []).append(time.monotonic() - started)
        return found

    for q in questions:
        weights = {term_id(term): weight for term, weight in query_weights(q).items()}
        words = timed("words", lambda: lexical_candidates(seen, weights, pool=POOL))  # noqa: B023
        paths = timed("paths", lambda: path_candidates(seen, weights.keys(), pool=POOL))  # noqa: B023
        history = timed(
            "history",
            lambda: history_candidates(seen, weights, before=None, commits=COMMITS, pool=POOL),  # noqa: B023
        )
        names = timed("names", lambda: symbol_candidates(seen, names_in(q), pool=POOL))  # noqa: B023
        if vectors:
            embedder = clients.embedder()
            vector = embedder.embed_query(q)
            timed("vectors", lambda: vector_candidates(seen, vector, embedder.model, pool=POOL))  # noqa: B023
        blobs = {c.blob_id for c in words} | {c.blob_id for c in names}
        documents = {c.document_id for c in (*paths, *history)}
        timed("documents", lambda: documents_of(seen, blob_ids=blobs, document_ids=documents))  # noqa: B023
    return {leg: Times.of(times) for leg, times in seconds.items()}


def _at_once(questions: Sequence[str], ask: Callable[[str], float]) -> tuple[list[float], float]:
    """Ask all questions by twenty threads of this process."""
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        times = list(threads.map(ask, questions))
    return times, round(len(questions) / (time.monotonic() - started), 1)


def _after_a_push(ref: Ref, question: str, ask: Callable[[str], float]) -> float:
    ref.edition = uuid4()
    ref.save(update_fields=["edition"])
    return ask(question)


def _entries(questions: Sequence[str]) -> tuple[float, float]:
    """Return how many words a question has, and how many chunks hold one of them, on average."""
    from django.db import connection

    from indexer.lexical.queries import query_weights
    from indexer.lexical.terms import term_id

    of_each = [{term_id(term) for term in query_weights(q)} for q in questions]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT term, sum(octet_length(entries)) / 3 FROM indexer_posting"
            " WHERE term = ANY(%s) GROUP BY term",
            [list(set().union(*of_each))],
        )
        holding = {term: int(chunks) for term, chunks in cursor.fetchall()}
    touched = [sum(holding.get(term, 0) for term in terms) for terms in of_each]
    return round(statistics.mean(map(len, of_each)), 1), round(statistics.mean(touched))


def _database_mb(server: psutil.Process) -> float:
    processes = [server, *server.children()]
    memory = [process.memory_full_info() for process in processes]
    return round(sum(one.uss for one in memory) / 1e6 + max(one.shared for one in memory) / 1e6)


def _disk_mb() -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relname LIKE 'indexer_%' ORDER BY 2 DESC"
        )
        sizes = {name.removeprefix("indexer_"): int(size / 1e6) for name, size in cursor.fetchall()}
    return {name: size for name, size in sizes.items() if size}


if __name__ == "__main__":
    main()
