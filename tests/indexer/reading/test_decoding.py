"""Bytes to characters."""

from __future__ import annotations

import random
import struct
from time import process_time

import pytest

from indexer.reading.binary import is_binary
from indexer.reading.decoding import decode
from indexer.reading.western import is_western
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


WESTERN = (
    GERMAN,
    "/* GRÖSSE ÄNDERN */ int x; /* ÜBER */\n",
    "# Vérifie l'état du système après chaque arrêt, où ça a été prévu\n",
    "# Añade la dirección del usuario según la región ¿qué?\n",
    "# Läser in värden från filen och räknar på nytt\n",
    "# Læser værdier fra fil og gør på ny\n",
    "# Così è più facile, però non è perché\n",
    "# Não há informações sobre a função; ações e operações\n",
    "# (c) 2003 José Müller\n" + "int main(void) { return 0; }\n" * 40,
    "# © 2003 Acme ® 20° ±1 «x»\n",
    "It\u2019s a “test” \u2013 ok\n",
)
EASTERN = (
    ("# Příliš žluťoučký kůň úpěl ďábelské ódy\n", "cp1250"),
    ("# Zkontroluje velikost souboru před zápisem a vrátí chybu uživateli\n", "cp1250"),
    ("# Sprawdź rozmiar pliku przed zapisem, źródło błędu\n", "cp1250"),
    (RUSSIAN, "koi8-r"),
    ("# 書き込む前にファイルのサイズを確認し、エラーを返します\n", "shift_jis"),
    ("# 写入之前检查文件大小并返回错误给用户\n", "gbk"),
)


@pytest.mark.parametrize("text", WESTERN)
def test_western_text_comes_back_however_little_there_is_of_it(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize(("text", "encoding"), EASTERN)
def test_other_text_is_not_taken_for_western(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("text", ["# Ellenőrzi a fájl méretét\n", "# Błąd źródła\n", "# Kůň\n"])
def test_a_sign_or_a_letter_that_no_western_word_has_decides(text: str) -> None:
    assert not is_western(text.encode("cp1250"))


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<html><head><meta charset="windows-1251"></head><p>', "cp1251"),
        ('<HTML><META http-equiv="Content-Type" content="text/html; charset=EUC-JP"><p>', "euc_jp"),
        ('<?xml version="1.0" encoding="Shift_JIS"?>\n<p>', "shift_jis"),
        ("<!-- wiki -->\n<meta charset=ISO-8859-1>", "cp1252"),
    ],
)
def test_a_page_says_itself_what_it_is_written_in(head: str, encoding: str) -> None:
    words = {"cp1251": "Мир", "cp1252": "“über”"}.get(encoding, "再試行の回数")
    assert decode(f"{head}{words}</p>\n".encode(encoding)) == f"{head}{words}</p>\n"


@pytest.mark.parametrize("declared", ["utf-16", "rot13", "no-such", "hex"])
def test_a_page_that_is_wrong_about_itself_is_guessed(declared: str) -> None:
    content = f"<meta charset={declared}><p>".encode() + "naïve café</p>".encode("latin-1")
    found = decode(content)
    assert isinstance(found, str)
    assert "naïve café" in found


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_without_its_mark(encoding: str) -> None:
    text = "SELECT name FROM größe; -- “so” \u2013 und nicht anders\r\n" * 3
    assert decode(text.encode(encoding)) == text
    assert not is_binary(text.encode(encoding))


def test_numbers_of_two_bytes_are_no_text() -> None:
    numbers = struct.pack("<400H", *(number % 300 for number in range(400)))
    assert is_binary(numbers)
    assert is_binary(struct.pack("<400I", *range(400)))


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
