"""Bytes to characters."""

from __future__ import annotations

import random
from time import process_time

import pytest

from indexer.reading.decoding import decode
from indexer.skips import Skip

GERMAN = "// Größe der Ausgabe prüfen, bevor über die Brücke geschrieben wird\nint größe = 1;\n"
RUSSIAN = "# Проверить размер файла перед записью на диск и вернуть ошибку пользователю\n" * 3


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (GERMAN.encode("utf-8"), GERMAN),
        (b"\xef\xbb\xbf" + GERMAN.encode("utf-8"), GERMAN),
        (b"\xff\xfe" + GERMAN.encode("utf-16-le"), GERMAN),
        (b"\xfe\xff" + GERMAN.encode("utf-16-be"), GERMAN),
        (b"\xff\xfe\0\0" + GERMAN.encode("utf-32-le"), GERMAN),
        (RUSSIAN.encode("cp1251"), RUSSIAN),
        ("# -*- coding: koi8-r -*-\n# Мир\n".encode("koi8-r"), "# -*- coding: koi8-r -*-\n# Мир\n"),
    ],
)
def test_text_comes_back_from_its_encoding(content: bytes, text: str) -> None:
    assert decode(content) == text


def test_latin_1_keeps_every_line_and_all_plain_text() -> None:
    found = decode(GERMAN.encode("latin-1"))
    assert isinstance(found, str)
    assert found.count("\n") == 2
    assert "int gr" in found


@pytest.mark.parametrize("declared", ["rot13", "hex", "no-such-codec", "unicode_escape_x", "."])
def test_a_false_declaration_does_no_harm(declared: str) -> None:
    content = f"# coding: {declared}\n".encode() + "# naïve café\n".encode("latin-1")
    found = decode(content)
    assert isinstance(found, Skip) or "caf" in found


def test_guessing_a_megabyte_is_bounded() -> None:
    content = random.Random(7).randbytes(1 << 20).replace(b"\0", b"")  # noqa: S311
    start = process_time()
    decode(content)
    assert process_time() - start < 10
