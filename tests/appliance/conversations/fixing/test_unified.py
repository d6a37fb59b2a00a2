"""The diffs that are written are what git reads: the same change, at the same place."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.conversations.answering.fixing.anchoring import Replacement
from appliance.conversations.answering.fixing.unified import (
    applied,
    changed_file,
    has_odd_letters,
    new_file,
    overlap,
)


def by_git(folder: Path, before: str, diff: str, path: str = "a file.txt") -> str:
    (folder / path).write_text(before)
    done = subprocess.run(
        ["git", "apply", "-"], cwd=folder, input=diff.encode(), capture_output=True
    )
    assert done.returncode == 0, f"{done.stderr.decode()}\n{diff}"
    return (folder / path).read_text()


@pytest.mark.parametrize("seed", range(60))
def test_git_makes_the_same_of_it(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311  the same every time
    document = [chance.choice(["", "a", "  b", f"line {n}", "+x", "-y", "\\z"]) for n in range(40)]
    ends = chance.random() < 0.6
    if not ends and not document[-1]:
        document[-1] = "end"
    replacements = _replacements(document, chance)
    after = applied(document, replacements)
    if after == document or (not ends and after and not after[-1]):
        return
    diff = changed_file("a file.txt", document, replacements, ends=ends)
    end = "\n" if ends else ""
    assert by_git(tmp_path, "\n".join(document) + end, diff) == "\n".join(after) + end


def _replacements(document: Sequence[str], chance: random.Random) -> list[Replacement]:
    found: list[Replacement] = []
    at = 0
    while at < len(document) and len(found) < 4:
        start = chance.randint(at, len(document))
        count = min(chance.randint(0, 3), len(document) - start)
        new = tuple(
            f"new {chance.randint(0, 99)}" for _ in range(chance.randint(0 if count else 1, 3))
        )
        found.append(Replacement(start, count, new))
        at = start + count + 1
    return found


def test_lines_that_git_has_otherwise_stay_out_of_a_diff() -> None:
    document = [f"line {n}" for n in range(10)]
    replacements = [Replacement(2, 1, ("x",)), Replacement(7, 1, ("y",))]
    diff = changed_file("a", document, replacements, masked={4, 9})
    assert diff.count("@@ -") == 2
    assert "line 4" not in diff
    assert "line 9" not in diff


def test_a_new_file_is_made(tmp_path: Path) -> None:
    diff = new_file("new/file.py", ["a", "b"])
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff.encode(), check=True)
    assert (tmp_path / "new/file.py").read_text() == "a\nb\n"


def test_what_changes_nothing_has_no_diff() -> None:
    assert changed_file("a", ["x"], [Replacement(0, 1, ("x",))]) == ""


def test_overlapping_replacements_are_told() -> None:
    assert overlap([Replacement(3, 2, ()), Replacement(0, 4, ())])
    assert not overlap([Replacement(3, 2, ()), Replacement(0, 3, ())])


@pytest.mark.parametrize("path", ['a"b', "a\nb", "a\\b", "a\tb", "a\x1bb"])
def test_odd_paths_are_told(path: str) -> None:
    assert has_odd_letters(path)
    assert not has_odd_letters("src/ein weg/ä.py")


def test_lines_that_are_hard_to_compare_cost_moments(tmp_path: Path) -> None:
    """A program that compares them one by one needs the cube of their number."""
    document = [line for n in range(1000) for line in ("x", f"a{n}")]
    new = tuple(line for n in range(1000) for line in ("x", f"b{n}"))
    started = time.thread_time()
    diff = changed_file("a file.txt", document, [Replacement(0, len(document), new)])
    assert time.thread_time() - started < 2.0
    after = by_git(tmp_path, "".join(f"{line}\n" for line in document), diff)
    assert after.splitlines() == list(new)
