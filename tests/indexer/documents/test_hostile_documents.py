"""Documents made to exhaust, to escape or to fetch: each ends as a reason, in a confined reader."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import re
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from indexer.confined.pool import ReaderPool
from indexer.confined.protocol import Answer, Question
from indexer.documents.pdf import extract_pdf
from tests.indexer.documents.makers import (
    make_docx,
    make_zip,
    raw_pdf,
    stream,
    with_document_xml,
)

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    pool = ReaderPool(1)
    yield pool
    pool.close()


def answer_of(pool: ReaderPool, path: str, content: bytes) -> tuple[Answer, float]:
    started = time.monotonic()
    question = Question(oid="a" * 40, path=path, content=content, max_bytes=20 * 1024**2)
    return pool.read(question), time.monotonic() - started


def memory_of_readers() -> float:
    """Return the most megabytes that any reader of this process has held; begin to look anew."""
    most = 0
    for child in psutil.Process().children():
        folder = Path("/proc", str(child.pid))
        with suppress(OSError):  # it has ended
            if b"indexer.confined" not in (folder / "cmdline").read_bytes():
                continue
            held = re.search(r"VmHWM:\s*(\d+) kB", (folder / "status").read_text())
            most = max(most, int(held[1]) if held else 0)
            (folder / "clear_refs").write_text("5")  # the peak falls to what is held now
    return most / 1024


@pytest.fixture(autouse=True)
def _the_next_file_is_read(pool: ReaderPool) -> Iterator[None]:
    yield
    answer, seconds = answer_of(pool, "next.py", b"after = 1\n")
    assert answer.skip_reason == ""
    assert seconds < 60


def docx_with(body: bytes, head: bytes = b"") -> bytes:
    return with_document_xml(
        b'<?xml version="1.0"?>%b<w:document %b><w:body>%b</w:body></w:document>' % (head, W, body)
    )


def text_run(text: bytes) -> bytes:
    return b"<w:p><w:r><w:t>%b</w:t></w:r></w:p>" % text


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (docx_with(text_run(b"A" * 120_000_000)), "rejected", "zip_ratio"),
        (make_zip({f"{n}": b"" for n in range(100_000)}), "rejected", "zip_entries"),
        (make_zip({"../../x": b"x", "word/document.xml": b"<x/>"}), "rejected", "zip_path"),
        (make_zip({"/etc/x": b"x"}), "rejected", "zip_path"),
        (b"PK\x03\x04 and then nothing", "broken", "zip"),
        (make_zip({"hello.txt": b"no document at all"}), "broken", "DOCX"),
        (docx_with(text_run(b"x"))[:-200], "broken", "zip"),
    ],
    ids=["bomb", "entries", "climbing", "absolute", "stub", "other zip", "cut off"],
)
def test_a_hostile_archive_is_refused_before_it_is_unpacked(
    pool: ReaderPool, content: bytes, reason: str, detail: str
) -> None:
    started_mb = memory_of_readers()
    answer, seconds = answer_of(pool, "a.docx", content)
    assert (answer.skip_reason, detail in answer.skip_detail) == (reason, True), answer.skip_detail
    assert seconds < 15
    assert memory_of_readers() - started_mb < 100


def test_an_entry_that_lies_about_its_size_is_not_unpacked_further(pool: ReaderPool) -> None:
    content = bytearray(docx_with(text_run(b"B" * 90_000)))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        info = archive.getinfo("word/document.xml")
    for at in range(len(content) - 4):
        if content[at : at + 4] == info.file_size.to_bytes(4, "little"):
            content[at : at + 4] = (100).to_bytes(4, "little")
    answer, seconds = answer_of(pool, "a.docx", bytes(content))
    assert answer.skip_reason in {"broken", "rejected"}
    assert seconds < 15


ENTITIES = b"".join(
    b'<!ENTITY e%d "%b">' % (n, (b"&e%d;" % (n - 1)) * 10 if n else b"lol" * 10) for n in range(10)
)


@pytest.mark.parametrize(
    "content",
    [
        docx_with(text_run(b"&x;"), b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'),
        docx_with(text_run(b"&x;"), b'<!DOCTYPE d [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]>'),
        docx_with(text_run(b"&e9;"), b"<!DOCTYPE d [%b]>" % ENTITIES),
        docx_with(b"<w:p>" * 100_000 + b"</w:p>" * 100_000),
        docx_with(b"<w:p %b/>" % b" ".join(b'a%d="1"' % n for n in range(100_000))),
        docx_with(b"<w:p><w:r><w:t>not closed"),
    ],
    ids=["file", "http", "billion laughs", "nested", "attributes", "not closed"],
)
def test_hostile_xml_gives_nothing_away_and_takes_no_time(pool: ReaderPool, content: bytes) -> None:
    with open("/etc/hostname", encoding="ascii") as file:  # noqa: PTH123
        name = file.read().strip()
    started_mb = memory_of_readers()
    answer, seconds = answer_of(pool, "a.docx", content)
    assert memory_of_readers() - started_mb < 200
    assert answer.skip_reason in {"", "empty", "rejected"}
    assert not name or name not in answer.text
    assert "lollol" not in answer.text
    assert seconds < 15


def pages(count: int) -> list[bytes]:
    kids = b" ".join(b"%d 0 R" % (3 + n) for n in range(count))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 99 0 R >>"
    tree = b"<< /Type /Pages /Count %d /Kids [%b] >>" % (count, kids)
    return [CATALOG, tree, *([page] * count)]


CYCLES = {
    "cyclic pages": [CATALOG, b"<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R] >>"],
    "cyclic outline": [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
        b"<< /First 5 0 R /Last 5 0 R /Count 1 >>",
        b"<< /Title (a) /Parent 4 0 R /Next 5 0 R /First 5 0 R /Dest [3 0 R /Fit] >>",
    ],
    "cyclic form": [
        CATALOG,
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R"
        b" /Resources << /XObject << /F 5 0 R >> >> >>",
        stream(b"/F Do"),
        stream(b"/F Do", b"/Type /XObject /Subtype /Form /Resources << /XObject << /F 5 0 R >> >>"),
    ],
    "circular threads": [
        b"<< /Type /Catalog /Pages 2 0 R /Threads [4 0 R 4 0 R] >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /B [5 0 R 6 0 R] >>",
        b"<< /Type /Thread /F 5 0 R /I << /Title (Tides) >> >>",
        b"<< /Type /Bead /T 4 0 R /N 6 0 R /V 6 0 R /P 3 0 R /R [0 0 9 9] >>",
        b"<< /Type /Bead /T 4 0 R /N 5 0 R /V 6 0 R /P 3 0 R /R [0 0 9 9] >>",
    ],
    "cyclic contents": [
        CATALOG,
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents [4 0 R] >>",
        b"[4 0 R 4 0 R]",
    ],
}


@pytest.mark.parametrize("name", CYCLES)
def test_a_cyclic_pdf_ends(pool: ReaderPool, name: str) -> None:
    answer, seconds = answer_of(pool, "a.pdf", raw_pdf(CYCLES[name]))
    assert answer.skip_reason in {"", "empty", "broken", "rejected"}
    assert seconds < 20


def test_a_pdf_whose_table_of_objects_points_to_itself_ends(pool: ReaderPool) -> None:
    content = raw_pdf([CATALOG, b"<< /Type /Pages /Count 0 /Kids [] >>"])
    start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    content = content.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)
    answer, seconds = answer_of(pool, "a.pdf", content)
    assert answer.skip_reason in {"empty", "broken"}
    assert seconds < 20


def test_a_page_that_inflates_without_end_gives_no_text(pool: ReaderPool) -> None:
    blanks = zlib.compress(b" " * 200_000_000, 9)
    objects = [
        CATALOG,
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        stream(blanks, b"/Filter /FlateDecode"),
    ]
    answer, seconds = answer_of(pool, "a.pdf", raw_pdf(objects))
    assert answer.skip_reason in {"empty", "rejected", "broken"}
    assert seconds < 25


def one_page(content: bytes, *more: bytes) -> list[bytes]:
    """Return a document of one page; what follows its content and font is numbered from 6."""
    return [
        CATALOG,
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        content,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *more,
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [10_000_000, pytest.param(4_000_000, marks=pytest.mark.slow)])
def test_b06_a_page_of_millions_of_operators_is_rejected(pool: ReaderPool, count: int) -> None:
    operators = b"BT /F1 12 Tf\n" + b"(a) Tj 1 0 Td\n" * count + b"ET"
    content = stream(zlib.compress(operators), b"/Filter /FlateDecode")
    answer, seconds = answer_of(pool, "a.pdf", raw_pdf(one_page(content)))
    # Quarantined: on a busy machine the clock runs out three times before the processor time.
    assert answer.skip_reason in {"rejected", "quarantined"}
    assert seconds < 100


def standard(version: bytes, size: int, more: bytes = b"") -> bytes:
    """Return a dictionary of the standard encryption whose keys are so many bytes long."""
    key = b"<" + b"41" * size + b">"
    return b"<< /Filter /Standard %b /P -4 /O %b /U %b %b >>" % (version, key, key, more)


AES = b"<< /StdCF << /AuthEvent /DocOpen /CFM /%b /Length %d >> >> /StmF /StdCF /StrF /StdCF"
SHORT_KEYS = b"/OE <%b> /UE <%b> /Perms <%b> /CF " % (b"41" * 32, b"41" * 32, b"41" * 16)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "encryption",
    [
        standard(b"/V 2 /R 3 /Length 2000000000", 32),
        standard(b"/V 2 /R 2000000000 /Length 128", 32),
        standard(b"/V 4 /R 4 /Length -8", 32, b"/CF " + AES % (b"AESV2", 10**9)),
        standard(b"/V 5 /R 6 /Length 256", 200_000, SHORT_KEYS + AES % (b"AESV3", 32)),
        standard(b"/V 2 /R 3 /Length 128", 200_000),
        b"<< /Filter /Own /V 9 /R 9 /Iterations 4000000000 >>",
        pytest.param(  # as long as a document may be
            standard(b"/V 2 /R 3 /Length 128", 4_900_000), marks=pytest.mark.slow
        ),
    ],
    ids=["key", "revision", "negative", "hash", "rounds", "own", "rounds without end"],
)
def test_b08_huge_parameters_of_an_encryption_end_in_bounded_time(
    pool: ReaderPool, encryption: bytes
) -> None:
    content = raw_pdf(one_page(stream(b"BT (x) Tj ET"), encryption))
    identity = b"/Encrypt 6 0 R /ID [<00112233445566778899aabbccddeeff> <00>]"
    content = content.replace(b"/Root 1 0 R", b"/Root 1 0 R " + identity)
    answer, seconds = answer_of(pool, "a.pdf", content)
    assert answer.skip_reason in {"encrypted", "rejected", "quarantined"}
    assert seconds < 90


class Canary:
    """Would write a file if it were unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]


def test_b09_a_character_map_named_by_a_path_is_neither_opened_nor_unpickled(
    tmp_path: Path, pool: ReaderPool
) -> None:
    mark, trap = tmp_path / "unpickled", tmp_path / "trap"
    with gzip.open(f"{trap}.pickle.gz", "wb") as file:
        pickle.dump(Canary(mark), file)
    trap.write_bytes(pickle.dumps(Canary(mark)))
    name = b"/" + "".join(f"#{letter:02X}" for letter in str(trap).encode()).encode()
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding %b /DescendantFonts [7 0 R]" % name
    )
    objects = one_page(stream(b"BT /F1 12 Tf (Tides) Tj ET"))
    objects[4] = font + b" /ToUnicode %b >>" % name
    objects += [
        b"null",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDSystemInfo "
        b"<< /Registry (Adobe) /Ordering (%b) /Supplement 0 >> >>" % str(trap).encode(),
    ]
    opened: list[str] = []
    is_watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if is_watching and event in {"open", "pickle.find_class"}:
            opened.append(f"{event} {arguments[0]}")

    content = raw_pdf(objects)
    extract_pdf(raw_pdf(one_page(stream(b""))))  # what it imports is opened now
    sys.addaudithook(watch)
    extract_pdf(content)
    is_watching = False
    assert not [event for event in opened if "trap" in event or "pickle" in event]
    answer, _ = answer_of(pool, "a.pdf", content)
    assert answer.skip_reason in {"", "empty", "broken"}
    assert not mark.exists()
    pickle.loads(trap.read_bytes())  # noqa: S301  the trap does work
    assert mark.exists()


def test_a_pdf_of_too_many_pages_is_rejected(pool: ReaderPool) -> None:
    answer, _ = answer_of(pool, "a.pdf", raw_pdf(pages(6000)))
    assert answer.skip_reason == "rejected"
    assert "pages" in answer.skip_detail


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>" + b"<div>" * 100_000 + b"deep",
        b"<html><body>text<!-- " + b"x" * 15_000_000,
        b"\xff\xfe" + "<html><body>wide text</body></html>".encode("utf-16-le"),
        b"<html><body>+ADw-script+AD4-alert(1)</body></html>",
        b"<html><body>a\x00b\x00c</body></html>",
        b"<html><body>" + b"<p>x" * 400_000,
        b"<html><body><table>" + b"<tr><td>" * 50_000,
        b'<html><head><base href="http://127.0.0.1:1/"><meta http-equiv="refresh" content="0;url=//x">'
        b'<link rel=prefetch href="//x"></head><body><img src="http://127.0.0.1:1/x">seen</body></html>',
    ],
    ids=["deep", "open comment", "utf-16", "utf-7", "nuls", "paragraphs", "cells", "fetching"],
)
def test_hostile_html_is_read_in_bounded_time(pool: ReaderPool, content: bytes) -> None:
    answer, seconds = answer_of(pool, "a.html", content)
    # Quarantined: on a busy machine the reader's time ran out, thrice, which is a bound as well.
    reasons = {"", "empty", "binary", "rejected", "minified", "quarantined"}
    assert answer.skip_reason in reasons
    assert seconds < 150
    assert "\0" not in answer.text
    assert all(letter >= " " or letter in "\n\t" for letter in answer.text)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"cells": 3}',
        b'{"cells": [1, null, {"cell_type": "code", "source": {"a": 1}}]}',
        b'{"cells": [{"cell_type": "code", "source": [1, 2], "outputs": "x"}]}',
        b'{"cells": ' + b"[" * 100_000,
        json.dumps({"cells": [{"cell_type": "raw", "source": "x" * 5_000_000}]}).encode(),
    ],
)
def test_a_hostile_notebook_is_a_reason(pool: ReaderPool, content: bytes) -> None:
    answer, seconds = answer_of(pool, "a.ipynb", content)
    assert answer.skip_reason in {"", "empty", "broken", "rejected"}
    assert seconds < 10


@pytest.mark.parametrize(
    ("path", "content", "reasons"),
    [
        ("a.md", b"\x7fELF\x02\x01\x01" + b"\0" * 100, {"binary"}),
        ("a.pdf", b"<html><body>not a pdf</body></html>", {""}),
        ("a.txt", make_docx(lambda d: d.add_paragraph("x")), {"binary"}),
        ("a.pdf", b"%PDF-1.7\n" + b"PK\x03\x04" * 50, {"broken", "empty"}),
        ("a.docx", b"", {"empty", "broken"}),
        ("a.yaml", b"openapi: 3.0\n" + b"- &a [*a]\n" * 100, {""}),
        ("a.yaml", b"openapi: 3.0.0\nx: " + b"[\n" * 20_000, {""}),
    ],
    # A name made of the content would hold the second at which the document was made.
    ids=["program", "page", "document", "archive", "nothing", "reference", "nesting"],
)
def test_a_name_that_lies_is_seen_through(
    pool: ReaderPool, path: str, content: bytes, reasons: set[str]
) -> None:
    answer, seconds = answer_of(pool, path, content)
    assert answer.skip_reason in reasons, answer.skip_detail
    assert seconds < 10
