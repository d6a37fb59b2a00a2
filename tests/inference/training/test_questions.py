"""Half of what is learned from is asked as a question; the rest is left as it was said."""

from __future__ import annotations

from inference.training.pairs import Pair
from inference.training.questions import OPENINGS, asked


def test_some_statements_become_questions_and_none_is_lost() -> None:
    pairs = [(number, Pair("comment", "Close the file.", "code")) for number in range(200)]
    found = list(asked(pairs, seed=1))
    assert [source for source, _ in found] == list(range(200))
    questions = [pair.query for _, pair in found if pair.query != "Close the file."]
    assert 70 < len(questions) < 130
    assert all(query.endswith(" close the file?") for query in questions)
    assert all(query.startswith(OPENINGS) for query in questions)


def test_the_same_seed_asks_the_same() -> None:
    pairs = [(0, Pair("comment", f"Open file {number}", "code")) for number in range(50)]
    assert list(asked(pairs, seed=4)) == list(asked(pairs, seed=4))


def test_a_commit_message_is_asked_as_it_is() -> None:
    pairs = [(0, Pair("commit", f"Open file {number}", "code")) for number in range(50)]
    assert list(asked(pairs, seed=1)) == pairs
