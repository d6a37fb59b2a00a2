"""One word taken apart."""

from __future__ import annotations

import pytest

from indexer.lexical.words import split_word, stem, word_terms


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("getUserNames", ["get", "User", "Names"]),
        ("HTTPServer", ["HTTP", "Server"]),
        ("URLs", ["URLs"]),
        ("parseURLsNow", ["parse", "URLs", "Now"]),
        ("sha256sum", ["sha", "256", "sum"]),
        ("__init__", ["init"]),
        ("MAX_RETRY_COUNT", ["MAX", "RETRY", "COUNT"]),
        ("content-length", ["content", "length"]),
        ("X", ["X"]),
        ("_", []),
        ("größeÄndern", ["größe", "Ändern"]),
        ("длинЖизнь2", ["длин", "Жизнь", "2"]),
    ],
)
def test_a_word_is_split_where_its_writer_joined_it(word: str, parts: list[str]) -> None:
    assert split_word(word) == parts


@pytest.mark.parametrize("word", ["fileName", "file_name", "file-name", "FILE_NAME"])
def test_all_spellings_of_a_compound_meet_in_one_term(word: str) -> None:
    assert set(word_terms("filename")) <= set(word_terms(word))
    assert {"file", "name"} <= set(word_terms(word))


def test_inflected_words_meet_in_their_stem() -> None:
    assert len({stem(word) for word in ("parse", "parses", "parsed", "parsing")}) == 1


@pytest.mark.parametrize(
    "word",
    [
        "550e8400-e29b-41d4-a716-446655440000",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q",
    ],
)
def test_hashes_and_encoded_bytes_are_no_terms(word: str) -> None:
    assert word_terms(word) == ()


@pytest.mark.parametrize(
    "word",
    [
        "testShouldReturnNotFoundWhenUserHasNoPermission",
        "internationalization",
        "deadbeef",
        "a1b2c3d",
        "x86_64",
    ],
)
def test_long_or_odd_names_are_kept(word: str) -> None:
    assert word_terms(word)


def test_terms_are_between_two_and_sixty_four_letters() -> None:
    assert word_terms("x") == ()
    assert word_terms("i18n") == ("18", "i18n")
    assert all(len(term) <= 64 for term in word_terms("LongName" * 9))


def test_scripts_without_spaces_become_pairs() -> None:
    assert word_terms("設定ファイル") == ("設定", "定フ", "ファ", "ァイ", "イル")
    assert word_terms("字") == ("字",)
    assert word_terms("設定Path") == ("設定", "path")
