"""Pairs from files: what is said about code, and the code without it."""

from __future__ import annotations

from inference.training.comments import cleaned, comment_pairs, docstring_pairs

PYTHON = '''class Store:
    def fetch(self, key):
        """Return the value of a key, or the default when it is not there.

        Longer words about it that are not asked.
        """
        # The cache may be older than the file, so the file is asked first.
        if self.stale(key):
            return self.read(key)
        return self.cache.get(key, self.default)
'''
GO = """// Dial opens a connection to the address and waits until the server greets.
func Dial(address string) (*Conn, error) {
	conn, err := net.Dial("tcp", address)
	return wrap(conn), err
}

// Close ends the connection and frees what belongs to it.
func (c *Conn) Close() error { return c.inner.Close() }
"""
JAVASCRIPT = """/**
 * Sends the reply and ends the request of the client.
 * @param {number} code the status
 */
function send (code, payload) {
  this.raw.writeHead(code)
  this.raw.end(payload)
}
"""


def test_a_docstring_asks_for_its_function_without_it() -> None:
    (pair,) = docstring_pairs("store.py", PYTHON)
    assert pair.query == "Return the value of a key, or the default when it is not there."
    assert pair.document.startswith("store.py\n    def fetch(self, key):")
    assert "return self.cache.get" in pair.document
    assert "default when it is not there" not in pair.document


def test_a_comment_inside_a_function_asks_for_the_lines_around_it() -> None:
    (pair,) = comment_pairs("store.py", PYTHON)
    assert pair.query.startswith("The cache may be older")
    assert "if self.stale(key):" in pair.document
    assert "The cache may be older" not in pair.document


def test_a_comment_above_a_definition_asks_for_that_definition_alone() -> None:
    first, second = comment_pairs("net/dial.go", GO)
    assert first.query.startswith("Dial opens a connection")
    assert 'net.Dial("tcp", address)' in first.document
    assert "Close" not in first.document
    assert "c.inner.Close()" in second.document


def test_tags_of_a_documentation_comment_are_not_asked() -> None:
    (pair,) = comment_pairs("reply.js", JAVASCRIPT)
    assert pair.query == "Sends the reply and ends the request of the client."
    assert "this.raw.end(payload)" in pair.document


def test_legal_words_short_words_and_dead_code_ask_nothing() -> None:
    assert cleaned(["Copyright 2020 of the people who wrote this file"]) is None
    assert cleaned(["too short"]) is None
    assert cleaned(["if (a[i] == b[j]) { swap(a, b); return c[i]; }"]) is None


def test_a_broken_file_gives_no_docstrings() -> None:
    assert list(docstring_pairs("broken.py", "def broken(:\n")) == []


TWO_SENTENCES = """{above}def hold(lock):
    # The lock is taken twice on purpose. Whoever waits for the second one sees the first released.
    with lock:
        return lock.take(again=True)
"""


def test_of_two_sentences_the_second_stays_with_the_code_in_half_of_the_places() -> None:
    (whole,) = comment_pairs("lock.py", TWO_SENTENCES.format(above="\n"))
    (parted,) = comment_pairs("lock.py", TWO_SENTENCES.format(above=""))
    assert whole.query.endswith("the first released.")
    assert "released" not in whole.document
    assert parted.query == "The lock is taken twice on purpose."
    assert "Whoever waits for the second one" in parted.document
