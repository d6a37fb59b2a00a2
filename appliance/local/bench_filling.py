"""Fills a corpus of any size for bench_search: real files, repeated with other words and names.

The first round is the files as they are. Each further round has the same files with new ids, where
every term and name that at most two files hold is another one: common words stay as common as
they were, and the vocabulary goes on growing as it does in a larger corpus. Written by COPY,
in the tables' own form; without references and trigrams, which search does not read.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha1
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from indexer.confined.protocol import Answer, DefinitionRow
    from indexer.embedding.embedder import Embedder
    from indexer.history.store import ToldCommit
    from indexer.models import Ref

SUFFIXES = frozenset(
    [
        ".py",
        ".pyi",
        ".md",
        ".rst",
        ".txt",
        ".js",
        ".ts",
        ".go",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".rs",
        ".java",
        ".toml",
    ]
)
MAX_BYTES = 200_000
RARE = 2  # files that hold it
FEW_CHUNKS = 2500  # written at once, about as many as a sync writes
COMMITS = 2000  # of each source
MIN_WORDS = 4  # of a message that is asked or stored
NOISE = 0.3  # length of what a copy's vector is moved by, before it is brought to unit length

COPY = {
    "blob": "(id, oid, size_bytes, language, line_count, text, skip_reason, skip_detail, format,"
    " note, places, reader_version)",
    "chunk": "(blob_id, passage_id, ordinal, start_line, end_line, symbol, kind, context, length_terms,"
    " digest)",
    "document": "(source_id, path, blob_id, refs, role, path_terms)",
}


@dataclass(frozen=True, slots=True)
class File:
    path: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Spread:
    """Which terms and names are changed in further rounds."""

    rare_terms: NDArray[np.int64]  # ascending
    rare_names: frozenset[str]


def read_files(folders: Sequence[Path], chunks: int) -> list[File]:
    """Read files as a sync does, from all over the folders, until there are enough chunks."""
    from indexer import clients
    from indexer.confined.protocol import Question

    paths = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in SUFFIXES and path.is_file() and path.stat().st_size < MAX_BYTES
    ]
    np.random.default_rng(0).shuffle(paths)

    def questions() -> Iterator[Question]:
        for number, path in enumerate(paths):
            content = path.read_bytes()
            # An id of its own: what is read again and again would count once.
            yield Question(f"{number:040x}", path.as_posix().lstrip("/"), content, MAX_BYTES)

    files: list[File] = []
    for answer in clients.readers().read_all(questions()):
        if answer.chunks:
            files.append(File(paths[int(answer.oid, 16)].as_posix().lstrip("/"), answer))
            chunks -= len(answer.chunks)
        if chunks <= 0:
            break
    return sorted(files, key=lambda file: file.path)


def spread_of(files: Sequence[File]) -> Spread:
    terms = np.concatenate([np.frombuffer(file.answer.terms, np.int64) for file in files])
    known, times = np.unique(terms, return_counts=True)
    names = Counter(name for f in files for name in {d.name for d in f.answer.definitions})
    rare = frozenset(name for name, holding in names.items() if holding <= RARE)
    return Spread(known[times <= RARE], rare)


def fill(files: Sequence[File], chunks: int, sources: int, told: Sequence[ToldCommit]) -> None:
    """Write sources of realistic sizes until there are so many chunks; commits for each."""
    from django.utils import timezone

    from indexer.models import Ref, Source

    spread = spread_of(files)
    refs: list[Ref] = []
    for number in range(sources):
        source = Source.objects.create(
            name=f"source-{number}", kind="path", location="/", history_commit="0" * 40
        )
        refs.append(
            Ref.objects.create(
                source=source,
                name="main",
                is_default=True,
                commit="0" * 40,
                committed_at=timezone.now(),
            )
        )
    shares = 1 / (np.arange(sources) + 5)
    sizes = (shares / shares.sum() * chunks).astype(int)
    writer = _Writer(files, spread)
    with _wall_open_to_its_owner():
        for number in np.random.default_rng(1).permutation(sources).tolist():
            writer.write_source(refs[number], int(sizes[number]))
            write_history(refs[number], told)


@contextmanager
def _wall_open_to_its_owner() -> Iterator[None]:
    """Lift row-level security from the owner of the tables: COPY does not write through it."""
    _wall("NO FORCE")
    try:
        yield
    finally:
        _wall("FORCE")


def _wall(is_forced: str) -> None:
    from django.db import connection

    from appliance.web.walls import BEHIND

    with connection.cursor() as cursor:
        for table in BEHIND:
            cursor.execute(f"ALTER TABLE {table} {is_forced} ROW LEVEL SECURITY")


class _Writer:
    """Goes round and round the files."""

    def __init__(self, files: Sequence[File], spread: Spread) -> None:
        self.files, self.spread = files, spread
        self.at, self.blob_id = 0, 1

    def write_source(self, ref: Ref, chunks: int) -> None:
        while chunks > 0:
            batch: list[tuple[int, File]] = []
            size = 0
            while size < min(FEW_CHUNKS, chunks):
                turn, place = divmod(self.at, len(self.files))
                batch.append((turn, self.files[place]))
                size += len(self.files[place].answer.chunks)
                self.at += 1
            self._write(ref, batch)
            chunks -= size

    def _write(self, ref: Ref, batch: Sequence[tuple[int, File]]) -> None:
        from django.db import transaction

        from indexer.ingestion.passages import add_passages

        blob_ids = range(self.blob_id, self.blob_id + len(batch))
        self.blob_id = blob_ids.stop
        rows = list(zip(blob_ids, batch, strict=True))
        with transaction.atomic():
            _copy("blob", (_blob(*one) for one in rows))
            answers = [_varied(self.spread, *one) for one in batch]
            passages = iter(add_passages(ref.source_id, answers))
            _copy("chunk", (c for one in rows for c in _chunks(passages, *one)))
            _copy("document", (_document(ref, *one) for one in rows))


def _copy(table: str, rows: Iterable[tuple[object, ...]]) -> None:
    from django.db import connection

    statement = f"COPY indexer_{table} {COPY[table]} FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _blob(blob_id: int, one: tuple[int, File]) -> tuple[object, ...]:
    turn, file = one
    answer = file.answer
    oid = sha1(f"{turn}:{answer.oid}".encode(), usedforsecurity=False).hexdigest()
    return (blob_id, oid, answer.size_bytes, answer.language, answer.line_count, answer.text,
            "", "", "", "", "[]", 1)  # fmt: skip


def _chunks(
    passages: Iterator[int], blob_id: int, one: tuple[int, File]
) -> Iterator[tuple[object, ...]]:
    turn, file = one
    for ordinal, chunk in enumerate(file.answer.chunks):
        digest = UUID(int=UUID(bytes=chunk.digest).int ^ turn)
        yield (blob_id, next(passages), ordinal, chunk.start_line, chunk.end_line, chunk.symbol,
               chunk.kind, chunk.context, chunk.length_terms, digest)  # fmt: skip


def _renamed(spread: Spread, turn: int, file: File) -> list[DefinitionRow]:
    """Return the definitions with other names for the rare ones."""
    return [
        msgspec.structs.replace(d, name=f"{d.name}_{turn}"[:200])
        if d.name in spread.rare_names
        else d
        for d in file.answer.definitions
    ]


def _document(ref: Ref, blob_id: int, one: tuple[int, File]) -> tuple[object, ...]:
    from indexer.lexical.terms import path_terms, term_id
    from indexer.reading.roles import document_role

    turn, file = one
    parts = file.path.split("/")[-5:]
    path = "/".join([f"part{turn}", *parts] if turn else parts)
    terms = sorted({term_id(term) for term in path_terms(path)})
    return (ref.source_id, f"{path}#{blob_id}", blob_id, [ref.pk], document_role(path).value,
            terms)  # fmt: skip


def _varied(spread: Spread, turn: int, file: File) -> Answer:
    terms = np.frombuffer(file.answer.terms, np.int64)
    if not turn or not len(terms):
        return file.answer
    at = np.minimum(np.searchsorted(spread.rare_terms, terms), len(spread.rare_terms) - 1)
    rare = spread.rare_terms[at] == terms
    changed = np.where(rare, terms ^ np.int64(turn * 0x9E3779B97F4A7C15 % 2**63), terms)
    definitions = _renamed(spread, turn, file)
    return msgspec.structs.replace(file.answer, terms=changed.tobytes(), definitions=definitions)


def told_by(repositories: Sequence[Path]) -> list[ToldCommit]:
    """Return the newest commits of repositories that say something."""
    from indexer.fetching.log import read_log
    from indexer.history.store import ToldCommit
    from indexer.lexical.terms import term_counts
    from inference.training.messages import said

    told: list[ToldCommit] = []
    for repository in repositories:
        command = ["git", "-C", str(repository), "rev-parse", "HEAD", "--absolute-git-dir"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        head, folder = done.stdout.split()
        for logged in read_log(Path(folder), head, limit=COMMITS, time_limit_s=60):
            message = said(logged.message)
            if len(message.split()) > MIN_WORDS:
                told.append(ToldCommit(logged, message, (), term_counts(message)))
    return told


def write_history(ref: Ref, told: Sequence[ToldCommit]) -> None:
    """Write commits whose messages are real and whose files are any of the source."""
    from django.db import transaction

    from indexer.history.store import BATCH, write_commits
    from indexer.models import Document

    paths = list(Document.objects.filter(source=ref.source).values_list("path", flat=True))
    random = np.random.default_rng(ref.pk)
    batch = []
    for number, one in enumerate(random.choice(len(told), COMMITS).tolist()):
        touched = tuple(paths[at] for at in random.choice(len(paths), 2).tolist())
        logged = replace(told[one].logged, oid=f"{number:040x}")
        batch.append(replace(told[one], logged=logged, paths=touched))
    with transaction.atomic():
        for start in range(0, COMMITS, BATCH):
            write_commits(ref.source, batch[start : start + BATCH])


def write_vectors(seed: int = 2) -> None:
    """Write a vector for each text: of the files as they are the static model's own, of the
    repeated ones the same with a little noise, as of another version of a text."""
    from django.db import connection

    from indexer import clients

    random = np.random.default_rng(seed)
    embedder = clients.embedder()
    known = _base_vectors(embedder)
    bases = {digest: place for place, digest in enumerate(known[0])}
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT digest FROM indexer_chunk")
        digests = [digest for (digest,) in cursor.fetchall()]
        statement = "COPY indexer_embedding (digest, model, vector) FROM STDIN (FORMAT BINARY)"
        with cursor.copy(statement) as copy:
            copy.set_types(["uuid", "text", "bytea"])  # halfvec's own form is bytes to us
            head = np.array([known[1].shape[1], 0], dtype=">i2").tobytes()
            for start in range(0, len(digests), 10_000):
                some = digests[start : start + 10_000]
                places = [_place_of(digest.int, bases) for digest in some]
                vectors = known[1][places]
                noise = random.normal(size=vectors.shape) / vectors.shape[1] ** 0.5
                is_copy = np.array([digest.int not in bases for digest in some])
                vectors = vectors + NOISE * noise * is_copy[:, np.newaxis]
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                for digest, vector in zip(some, vectors.astype(">f2"), strict=True):
                    copy.write_row((digest, embedder.model, head + vector.tobytes()))


def _base_vectors(embedder: Embedder) -> tuple[list[int], NDArray[np.float32]]:
    """Return the digests of the first round's chunks and their vectors; shape (n, dimensions)."""
    from indexer.ingestion.embed import MissingText, texts_of
    from indexer.models import Chunk, Document

    digests: list[int] = []
    vectors: list[list[float]] = []
    first = Document.objects.exclude(path__startswith="part").values_list("blob_id", "path")
    paths = dict(first.iterator())
    chunks = Chunk.objects.filter(blob_id__in=paths).values_list("digest", "pk", "blob_id")
    batch: list[MissingText] = []
    for digest, chunk_id, blob_id in [*chunks.iterator(), (None, 0, 0)]:
        if len(batch) == 2000 or digest is None:
            texts = texts_of(batch)
            vectors += embedder.embed_chunks([texts[one.chunk_id] for one in batch])
            digests += [one.digest.int for one in batch]
            batch = []
        if digest is not None:
            batch.append(MissingText(digest, chunk_id, paths[blob_id]))
    return digests, np.array(vectors, dtype=np.float32)


def _place_of(digest: int, bases: dict[int, int]) -> int:
    """Return which base text this is a copy of: digests of copies differ by the round's number."""
    return next(bases[digest ^ turn] for turn in count() if digest ^ turn in bases)
