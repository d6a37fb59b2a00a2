"""Text to terms, and terms to numbers."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from indexer.lexical import words
from indexer.lexical.terms import path_terms, term_counts, term_id, terms
from indexer.lexical.words import UNSPACED

TEXTS = st.text(max_size=300) | st.text(alphabet="aB_-1 .\u00dc\u5b57", max_size=300)


def test_code_and_prose_give_the_same_terms_for_the_same_thing() -> None:
    code = terms("def load_config_files(path): return parseConfig(path)")
    assert code == [
        *["def", "load", "config", "file", "loadconfigfil", "path"],
        *["return", "pars", "config", "parseconfig", "path"],
    ]
    assert set(terms("loading config files, parsed")) <= set(code)


def test_a_path_gives_folders_name_and_extension() -> None:
    assert path_terms("src/click/_termui_impl.py") == [
        *["src", "click", "termui", "impl", "termuiimpl", "py"]
    ]


@given(TEXTS)
def test_counting_agrees_with_listing(text: str) -> None:
    assert term_counts(text) == Counter(terms(text))


@given(TEXTS)
def test_terms_have_no_capitals_and_a_bounded_length(text: str) -> None:
    for term in terms(text):
        assert 2 <= len(term) <= 64 or UNSPACED.fullmatch(term)
        assert not re.search("[A-Z]", term)


@given(st.text(max_size=64))
def test_a_term_number_fits_a_signed_64_bit_column(term: str) -> None:
    assert -(2**63) <= term_id(term) < 2**63


def test_term_numbers_never_change() -> None:
    assert term_id("parse") == 1696734906238248282
    assert term_id("größe") == -794637575666885911


def test_hostile_text_is_analysed_in_linear_time() -> None:
    hostile = [
        *["a" * 1_000_000, "a-" * 500_000, "_" * 1_000_000, "aB" * 500_000, "a1" * 500_000],
        "-".join(f"w{n}" for n in range(100_000)),
    ]
    start = process_time()
    for text in hostile:
        terms(text)
    assert process_time() - start < 20
    assert "w7" in terms(hostile[-1])


def test_threads_do_not_disturb_each_others_stems() -> None:
    # Mixed with letters that no other test uses, so that nothing comes from the cache.
    texts = [" ".join(f"qz{letter}{n:x}wings" for n in range(10, 16)) for letter in "abcdefgh"]
    words.word_terms.cache_clear()
    words.stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(terms, texts * 4))
    words.word_terms.cache_clear()
    words.stem.cache_clear()
    assert together == [terms(text) for text in texts] * 4
