"""A long benchmark that is ended in the middle goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.local.resuming import answered

QUESTIONS = [{"key": f"model {number}", "asked": number} for number in range(4)]


class Interrupted(Exception):
    """What ends a benchmark here."""


class Answering:
    """Answers so many questions, and is interrupted at the next."""

    def __init__(self, most: int = 100) -> None:
        self.asked: list[int] = []
        self.most = most

    def __call__(self, question: dict[str, Any]) -> dict[str, Any]:
        if len(self.asked) == self.most:
            raise Interrupted
        self.asked.append(question["asked"])
        return {"got": question["asked"] * 10, "seconds": 0.1}


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    with pytest.raises(Interrupted):
        answered(QUESTIONS, Answering(most=2), file)
    again = Answering()
    lines = answered(QUESTIONS, again, file)
    assert again.asked == [2, 3]
    assert [line["got"] for line in lines] == [0, 10, 20, 30]


def test_a_line_that_was_cut_is_asked_again_and_hides_no_other(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    answered(QUESTIONS[:2], Answering(), file)
    file.write_text(file.read_text()[:-20], "utf-8")
    again = Answering()
    answered(QUESTIONS, again, file)
    assert again.asked == [1, 2, 3]
    assert answered(QUESTIONS, Answering(most=0), file)[3]["got"] == 30


def test_lines_of_another_setting_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text(json.dumps({"key": "other 0", "got": 1}) + "\n", "utf-8")
    again = Answering()
    assert answered(QUESTIONS, again, file)[0]["got"] == 0
    assert len(file.read_text().splitlines()) == 5


def test_without_a_file_everything_is_asked() -> None:
    again = Answering()
    answered(QUESTIONS, again, None)
    assert again.asked == [0, 1, 2, 3]
