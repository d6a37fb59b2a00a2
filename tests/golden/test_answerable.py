"""The questions by which an embedding model's `near` is chosen: their form and counts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

FILE = Path(__file__).parents[2] / "golden" / "answerable.jsonl"


def test_every_question_is_asked_once_and_says_whether_it_has_an_answer() -> None:
    entries = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    assert Counter(entry["answerable"] for entry in entries) == {True: 40, False: 60}
    assert (
        len({entry["id"] for entry in entries}) == len({entry["query"] for entry in entries}) == 100
    )
    kinds = Counter(entry["kind"] for entry in entries if not entry["answerable"])
    assert kinds == {"everyday": 15, "office": 10, "software": 35}
