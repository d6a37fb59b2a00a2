"""Trigrams of a text: what is stored, and that letters RE2 takes for the same are the same."""

from __future__ import annotations

import sys
import unicodedata

import re2

from indexer.lexical.trigrams import fold, trigrams_of


def numbers(*trigrams: bytes) -> list[int]:
    return sorted(int.from_bytes(trigram, "big") for trigram in trigrams)


def test_each_three_bytes_of_a_line_count_once_and_in_one_case() -> None:
    assert trigrams_of(fold("abAB\nCD")).tolist() == numbers(b"aba", b"bab")
    assert trigrams_of(fold("")).tolist() == trigrams_of(fold("ab")).tolist() == []
    assert trigrams_of(fold("ü1")).tolist() == numbers("ü1".encode())


def test_letters_that_re2_takes_for_the_same_are_folded_to_the_same() -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    cased = [
        letter
        for letter in letters
        if unicodedata.category(letter) in {"Lu", "Ll", "Lt"}
        or letter != letter.lower()
        or letter != letter.upper()
    ]
    assert len(cased) > 2500
    options = re2.Options()
    options.case_sensitive = False
    everything = "".join(cased)
    for letter in cased:
        same = re2.compile(re2.escape(letter), options).findall(everything)
        assert letter in same
        assert {fold(other) for other in same} == {fold(letter)}
