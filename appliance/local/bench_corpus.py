"""Measure the corpus on a large tree: how fast it becomes searchable, and what a commit costs.

    python -m appliance.local.bench_corpus FOLDER [--words-only] [--keep-lines 1000000]

Starts PostgreSQL of its own in a temporary folder, makes one commit of the folder's files, syncs
it in this process as a worker would, then changes one line and syncs again. Memory is that of
this process and of its children, sampled ten times a second. Processor seconds say where the time
goes: git, reading (parsers, terms, symbols), this process (the writes' client side) and PostgreSQL.
Vectors are made and stored by the job that a worker would run. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.console import Console

from appliance.local import postgres

if TYPE_CHECKING:
    from indexer.models import Revision

SAMPLE_S = 0.1
START_S = 60
console = Console(stderr=True)


@dataclass(slots=True)
class Usage:
    """What the processes of one measured stretch took."""

    seconds: float = 0.0
    worker_mb: float = 0.0  # peak of this process
    child_mb: float = 0.0  # peak of the largest reading child
    processor_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    files: int
    lines: int
    source_bytes: int
    words: Usage
    lines_per_s: float
    files_per_s: float
    seconds_per_million_lines: float
    stored_bytes: dict[str, int]
    stored_per_source_byte: float
    chunks: int
    definitions: int
    references: int
    vectors: Usage | None  # None: words only
    vectors_stored: int
    vectors_per_s: float | None
    commit: Usage
    commit_chunks_changed: int
    commit_chunks_embedded: int
    commit_vector_s: float
    commit_rows: dict[str, int]


class Sampler(threading.Thread):
    """Watches this process, its children and PostgreSQL while something runs."""

    def __init__(self, server: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.usage = Usage()
        self._server = server
        self._me = psutil.Process()
        self._ended = threading.Event()
        self._seconds: dict[tuple[str, int], float] = {}
        self._before: dict[tuple[str, int], float] = {}

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self._sample()

    def __enter__(self) -> Usage:
        self._sample()
        self._before = dict(self._seconds)
        self.usage = Usage()
        self._began = time.monotonic()
        self.start()
        return self.usage

    def __exit__(self, *_: object) -> None:
        self.usage.seconds = round(time.monotonic() - self._began, 2)
        self._ended.set()
        self.join()
        self._sample()
        totals: dict[str, float] = {}
        for (name, pid), seconds in self._seconds.items():
            spent = seconds - self._before.get((name, pid), 0.0)
            totals[name] = round(totals.get(name, 0.0) + spent, 1)
        self.usage.processor_s = totals

    def _sample(self) -> None:
        children = [(_role_of(child), child) for child in self._me.children(recursive=True)]
        server = [("postgresql", p) for p in (self._server, *self._server.children())]
        for name, process in (*children, *server, ("worker", self._me)):
            with suppress(psutil.Error):
                times = process.cpu_times()
                self._seconds[name, process.pid] = times.user + times.system
                megabytes = process.memory_info().rss / 1e6
                if name == "worker":
                    self.usage.worker_mb = round(max(self.usage.worker_mb, megabytes), 1)
                elif name == "reading":
                    self.usage.child_mb = round(max(self.usage.child_mb, megabytes), 1)


def _role_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        words = process.cmdline()
        if "indexer.confined.child" in words:
            return "reading"
        if any("postgres" in word for word in words[:1]):
            return "postgresql"
    return "git"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep-lines", type=int, default=0, help="stop taking files after so many")
    parser.add_argument("--words-only", action="store_true", help="make no vectors")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home) as server:
            repository = _repository(home, options.folder.resolve(), options.keep_lines)
            set_up(home)
            result = _measure(repository, server, with_vectors=not options.words_only)
    sys.stdout.write(json.dumps(asdict(result)) + "\n")


@contextmanager
def database(home: Path) -> Iterator[psutil.Process]:
    data, sockets = home / "postgres", home / "sockets"
    command = [sys.executable, "-m", "appliance.local.postgres", str(data), str(sockets)]
    with (home / "postgres.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_S
        while not postgres.accepts_connections(sockets):
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"PostgreSQL did not start: {(home / 'postgres.log').read_text()}")
            time.sleep(0.2)
        postgres.ensure_database(sockets)
        os.environ["PLUMBLINE_DATABASE_URL"] = postgres.address(sockets)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGQUIT)  # its data goes with the folder
        process.wait(30)


def _repository(home: Path, folder: Path, keep_lines: int) -> Path:
    """Commit the folder's text files, without copying them first; only so many lines of them."""
    repository = home / "tree"
    lines = 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or ".git" in path.parts:
            continue
        target = repository / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        content = path.read_bytes()
        lines += 0 if b"\0" in content[:8000] else content.count(b"\n")
        if keep_lines and lines >= keep_lines:
            break
    _git(repository, "init", "--quiet", "--initial-branch=main")
    _commit(repository, "Everything")
    _git(repository, "repack", "-a", "-d", "--quiet")  # as a git server has it
    return repository


def _git(repository: Path, *words: str) -> None:
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    subprocess.run(["git", *identity, *words], cwd=repository, check=True)


def _commit(repository: Path, message: str) -> None:
    _git(repository, "add", "--all", "--force")
    _git(repository, "commit", "--quiet", f"--message={message}")


def set_up(home: Path) -> None:
    """Load the product on this database."""
    os.environ |= {
        "PLUMBLINE_HOME": str(home / "home"),
        "PLUMBLINE_SECRET_KEY": "only-for-this-benchmark" * 3,
        "PLUMBLINE_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "appliance.config.settings",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _measure(repository: Path, server: psutil.Process, *, with_vectors: bool) -> Result:
    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.embed import embed
    from indexer.ingestion.sync import WatchedHeartbeat, sync
    from indexer.models import Blob, Chunk, Definition, Document, Job, NamesUsed

    source = connect(str(repository), name="bench", from_command_line=True)

    def run() -> list[Revision]:
        job = jobs.claim(jobs.enqueue(source).pk)
        return sync(job, WatchedHeartbeat(job, None))

    console.print("Syncing ...")
    with Sampler(server) as words:
        (revision,) = run()
    console.print(f"{revision.files} files, {revision.chunks} chunks in {words.seconds} s")
    lines = sum(Document.objects.values_list("blob__line_count", flat=True))
    source_bytes = sum(Blob.objects.filter(skip_reason="").values_list("size_bytes", flat=True))
    vectors, vectors_stored = None, 0
    if with_vectors:
        with Sampler(server) as vectors:
            vectors_stored = embed(jobs.claim(jobs.enqueue(source, Job.Kind.EMBED).pk))
        console.print(f"{vectors_stored} vectors in {vectors.seconds} s")
    stored = _stored_bytes()
    known = set(Chunk.objects.values_list("digest", flat=True))
    _change_one_line(repository)
    rows = _rows_written()
    with Sampler(server) as commit:
        run()
    written = {name: count - rows.get(name, 0) for name, count in _rows_written().items()}
    changed = len(set(Chunk.objects.values_list("digest", flat=True)) - known)
    started = time.monotonic()
    embedded = 0
    if with_vectors:
        embedded = embed(jobs.claim(jobs.enqueue(source, Job.Kind.EMBED).pk))
    return Result(
        files=revision.files,
        lines=lines,
        source_bytes=source_bytes,
        words=words,
        lines_per_s=round(lines / words.seconds),
        files_per_s=round(revision.files / words.seconds, 1),
        seconds_per_million_lines=round(words.seconds / lines * 1e6, 1),
        stored_bytes=stored,
        stored_per_source_byte=round(sum(stored.values()) / source_bytes, 2),
        chunks=revision.chunks,
        definitions=Definition.objects.count(),
        references=sum(map(len, NamesUsed.objects.values_list("names", flat=True))),
        vectors=vectors,
        vectors_stored=vectors_stored,
        vectors_per_s=round(vectors_stored / vectors.seconds, 1) if vectors else None,
        commit=commit,
        commit_chunks_changed=changed,
        commit_chunks_embedded=embedded,
        commit_vector_s=round(time.monotonic() - started, 2),
        commit_rows={name: count for name, count in written.items() if count},
    )


def _stored_bytes() -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relname LIKE 'indexer_%' ORDER BY 2 DESC"
        )
        sizes = {name.removeprefix("indexer_"): int(size) for name, size in cursor.fetchall()}
    return {name: size for name, size in sizes.items() if size > 100_000}


def _rows_written() -> dict[str, int]:
    """Return how many rows were inserted, changed and deleted so far, by table."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
            " WHERE relname LIKE 'indexer_%'"
        )
        return {name.removeprefix("indexer_"): int(count) for name, count in cursor.fetchall()}


def _change_one_line(repository: Path) -> None:
    """Change a line in the middle of the first source file of ordinary length."""
    for path in sorted(repository.rglob("*.py")):
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
        if 300 < len(lines) < 600:
            lines[len(lines) // 2] += "  # a remark that nobody made before"
            text = "\n".join(lines)
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
            _commit(repository, "Change one line")
            return
    raise SystemExit("The tree has no Python file of 300 to 600 lines to change.")


if __name__ == "__main__":
    main()
