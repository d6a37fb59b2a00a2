"""Files that break their readers, in real syncs: each has its reason, and all others are read."""

from __future__ import annotations

import random
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from indexer import clients
from indexer.confined.pool import CHILD, ReaderPool
from indexer.confined.protocol import Answer, Question
from indexer.ingestion.inline import sync_now
from indexer.models import Blob, Job, SkippedFile
from indexer.skips import SkipReason
from inference.fake_server import FakeServer
from tests.conftest import RepositoryFactory, SourceFactory
from tests.indexer.documents.makers import (
    make_docx,
    make_notebook,
    make_pdf,
    raw_pdf,
    stream,
    with_document_xml,
)
from tests.indexer.ingestion.corpus import live_tree, snapshot, tree
from tests.indexer.ingestion.queue_bench import many_sources
from tests.indexer.ingestion.test_killed_worker import forget
from tests.processes import MANAGE, ROOT, product_environment

MISBEHAVING = "tests.indexer.confined.misbehaving"
DOCUMENTS = 500
SIDE = 60_000  # of the picture, in pixels
MOST_RESIDENT = 200 * 1024 * 1024

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]


class CountingPool(ReaderPool):
    """Remembers which files it was asked for."""

    def __init__(self, wall_s: float) -> None:
        super().__init__(2, wall_s=wall_s, module=MISBEHAVING)
        self.paths: list[str] = []

    def read(self, question: Question) -> Answer:
        self.paths.append(question.path)
        return super().read(question)


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingPool]:
    """Readers that crash and hang on demand: no real file is known to do that to the real ones."""
    pool = CountingPool(wall_s=8.0)  # a good file has to start its reader on a busy machine
    monkeypatch.setattr(clients, "readers", lambda: pool)
    yield pool
    pool.close()


@pytest.mark.parametrize("following", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_g05_poison_is_kept_out_and_what_follows_is_read(
    source_factory: SourceFactory,
    repository_factory: RepositoryFactory,
    misbehaving: CountingPool,
    following: int,
) -> None:
    poison = {"segfault.py": "quarantined", "hang.py": "quarantined", "abort.py": "quarantined"}
    good = {f"good{n}.py": f"def good{n}():\n    return {n}\n" for n in range(20)}
    repository = repository_factory({**{path: f"# {path}\n" for path in poison}, **good}, "mixed")
    started = time.monotonic()
    source = source_factory("mixed", repository=repository)
    assert time.monotonic() - started < 120
    plain = repository_factory({"good0.py": good["good0.py"]}, "plain")
    for other in many_sources("other", following, plain.path):
        assert sync_now(other).files == 1
    assert set(live_tree(source)) == set(good)
    skipped = dict(SkippedFile.objects.values_list("path", "reason"))
    assert skipped == poison
    for detail in SkippedFile.objects.values_list("detail", flat=True):
        assert detail.startswith("3 times: ")
    syncs = Job.objects.filter(kind=Job.Kind.SYNC)
    assert list(syncs.values_list("state", "failures")) == [("done", 0)] * (following + 1)
    # Kept out by content: under another name it is not tried again either.
    repository.commit({"new.py": "def new():\n    pass\n", "moved.py": "# hang.py\n"})
    sync_now(source)
    assert SkippedFile.objects.get(path="moved.py").reason == "quarantined"
    assert sorted(misbehaving.paths) == sorted([*poison, *good, "new.py"])


def picture() -> bytes:
    """Return a PNG that says it is 60,000 pixels wide and high, and unpacks to that."""

    def part(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            part(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 1, 0, 0, 0, 0)),
            part(b"IDAT", pixels(b"\0" * (SIDE // 8 + 1))),
            part(b"IEND", b""),
        )
    )


def pixels(row: bytes) -> bytes:
    packer = zlib.compressobj(9)
    rows = [packer.compress(row * 1000) for _ in range(SIDE // 1000)]
    return b"".join([*rows, packer.flush()])


def docx_with_picture() -> bytes:
    def write(document: object) -> None:
        document.add_paragraph("Tides of the harbour")  # type: ignore[attr-defined]
        document.add_picture(BytesIO(picture()), width=1000)  # type: ignore[attr-defined]

    return make_docx(write)


def pdf_with_picture() -> bytes:
    content = b"BT /F1 12 Tf 20 20 Td (Tides of the harbour) Tj ET /P Do"
    size = b"/Width %d /Height %d /BitsPerComponent 1" % (SIDE, SIDE)
    image = b"/Type /XObject /Subtype /Image %b /ColorSpace /DeviceGray /Filter /FlateDecode"
    return raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> /XObject << /P 6 0 R >> >> >>",
            stream(content),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            stream(pixels(b"\0" * (SIDE // 8)), image % size),
        ]
    )


@pytest.mark.parametrize(
    ("path", "make"), [("a.docx", docx_with_picture), ("a.pdf", pdf_with_picture)]
)
def test_b15_a_huge_picture_in_a_document_is_not_unpacked(path: str, make: object) -> None:
    assert callable(make)
    content = make()
    assert len(content) < 5 * 1024**2
    others = {one.pid for one in psutil.Process().children()}  # of pools that other tests share
    pool = ReaderPool(1)
    try:
        answer = pool.read(Question("a" * 40, path, content, 20 * 1024**2))
        children = [one for one in psutil.Process().children() if one.pid not in others]
        (child,) = [one for one in children if CHILD in one.cmdline()]
        status = Path(f"/proc/{child.pid}/status").read_text()
    finally:
        pool.close()
    assert (answer.skip_reason, "Tides of the harbour" in answer.text) == ("", True)
    peak_kb = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kb * 1024 < MOST_RESIDENT


def seeds() -> dict[str, bytes]:
    """Return a sound file of each kind that is read."""
    text = make_docx(lambda d: (d.add_heading("Tides"), d.add_paragraph("High water."))[0])
    cells = [{"cell_type": "code", "source": "x = 1", "outputs": []}]
    return {
        "a.pdf": make_pdf([("Tides", "High water at noon"), ("Locks", "The gate opens")]),
        "b.pdf": raw_pdf(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R"
                b" /Resources << /Font << /F1 5 0 R >> >> >>",
                stream(b"BT /F1 12 Tf (High water) Tj ET"),
                b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            ]
        ),
        "a.docx": text,
        "a.html": b"<html><body><h1>Tides</h1><table><tr><td>9</td></tr></table></body></html>",
        "a.ipynb": make_notebook(cells),
        "a.yaml": b"openapi: 3.0.0\npaths:\n  /tides:\n    get:\n      summary: All tides\n",
        "a.adoc": b"= Tides\n\n== High\n\ntext\n",
        "a.md": (ROOT / "README.md").read_bytes()[:3000],
        "a.py": (ROOT / "indexer/ingestion/jobs.py").read_bytes()[:4000],
        "a.js": b"class A { constructor() { this.x = `${1}`; } }\nexport const f = () => 1;\n",
        "a.ts": b"export interface A<T> { x: T }\nfunction f(a: number): void {}\n",
        "a.go": b"package a\n\nfunc (t *T) F(x int) error {\n\treturn nil\n}\n",
        "a.rs": b"impl A for B {\n    pub fn f(&self) -> u8 { 1 }\n}\n",
        "a.java": b"class A { /** doc */ void f() { int x = 1; } }\n",
        "a.c": b"#ifdef X\nint f(int a) { return a; }\n#endif\n",
        "a.cpp": b"template<class T> class A { public: T f() { return T(); } };\n",
        "a.rst": b"Tides\n=====\n\n.. note:: High\n\n   text\n",
    }


TOKENS = [b"\0", b"\xff\xfe", b"endobj", b"/Kids [2 0 R]", b"<w:p>", b"]]>", b"<!--", b"{" * 400]
TOKENS += [b"((((", b"\r", b"\xed\xa0\x80", b"9" * 30, b"\\", b"'''", b"\xe2\x80\xae", b"<" * 300]


def mutated(path: str, content: bytes, dice: random.Random) -> bytes:
    if path.endswith(".docx") and dice.random() < 0.6:
        xml = b'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/'
        xml += b'wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>High</w:t></w:r></w:p>'
        xml += b"</w:body></w:document>"
        return with_document_xml(scrambled(xml, dice))
    return scrambled(content, dice)


def scrambled(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(changed) + 1)
        to = min(len(changed), at + dice.randint(1, 40))
        deed = dice.randrange(5)
        if deed == 0:
            changed[at:to] = dice.randbytes(to - at)
        elif deed == 1:
            del changed[at:to]
        elif deed == 2:
            changed[at:at] = changed[at:to] * dice.randint(1, 50)
        elif deed == 3:
            changed[at:at] = dice.choice(TOKENS)
        elif dice.random() < 0.2:
            del changed[at:]
    return bytes(changed)


@pytest.mark.parametrize("count", [200, pytest.param(20_000, marks=pytest.mark.slow)])
def test_b17_no_damaged_file_stops_a_sync_and_each_has_its_text_or_its_reason(
    source_factory: SourceFactory, repository_factory: RepositoryFactory, count: int
) -> None:
    seed = random.randrange(10**6)  # noqa: S311
    dice = random.Random(seed)  # noqa: S311  the same files for the same number
    sound = seeds()
    reasons = {reason.value for reason in SkipReason}
    for first in range(0, count, 1000):
        numbers = range(first, min(count, first + 1000))
        files: dict[str, str | bytes | None] = {}
        for number in numbers:
            path = dice.choice(list(sound))
            files[f"{number}{path}"] = mutated(path, sound[path], dice)
        repository = repository_factory(files, f"fuzz{first}")
        source = source_factory(f"fuzz{first}", repository=repository)
        about = f"seed {seed}, files from {first}"
        skipped = dict(SkippedFile.objects.filter(ref__source=source).values_list("path", "reason"))
        assert set(live_tree(source)) | set(skipped) == set(tree(repository)), about
        assert set(skipped.values()) <= reasons, about
        for blob in Blob.objects.filter(skip_reason=SkipReason.QUARANTINED):
            assert blob.skip_detail.startswith("3 times: "), about
            # The file itself is kept, to be looked at.
            assert repository.git_bytes("cat-file", "blob", blob.oid), about
        assert len(live_tree(source)) > len(files) / 10, about  # most damage is small


def test_b18_two_workers_at_once_write_what_one_writes(
    source_factory: SourceFactory,
    repository_factory: RepositoryFactory,
    models: FakeServer,
    tmp_path: Path,
) -> None:
    files: dict[str, str | bytes | None] = dict(seeds())
    for number in range(DOCUMENTS - len(files)):
        files[f"m{number}.py"] = f"def f{number}(tide):\n    return tide + {number}\n"
    repository = repository_factory(files)
    one = source_factory("one", repository=repository)
    two = source_factory("two", repository=repository)
    expected = snapshot()
    assert len(expected.documents) == 2 * DOCUMENTS
    environment = product_environment(
        tmp_path,
        PLUMBLINE_EMBEDDING="server",
        PLUMBLINE_EMBEDDING_URL=models.url,
        PLUMBLINE_EMBEDDING_MODEL="fake-embedder",
        PLUMBLINE_READERS="1",
    )
    forgotten = [forget(source) for source in (one, two)]
    workers = [
        subprocess.Popen([*MANAGE, "sync", source.name], env=environment, stdout=subprocess.DEVNULL)
        for source in forgotten
    ]
    assert [worker.wait(300) for worker in workers] == [0, 0]
    assert snapshot() == expected
