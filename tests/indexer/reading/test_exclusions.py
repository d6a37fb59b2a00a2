"""Patterns that keep paths out mean what they mean to git, whatever is written in them."""

from __future__ import annotations

import random
import re
import subprocess
import time
from pathlib import Path

import pytest

from indexer.errors import FetchRefused
from indexer.reading import exclusions
from indexer.reading.exclusions import MAX_PATTERNS, Exclusions, is_acceptable
from indexer.skips import Skip, SkipReason

PLAIN_NAMES = ("a", "b", "ab", "a.b", "x.md", "c", "ba", "abc")
PLAIN_PARTS = (
    *("a", "b", "*", "a*", "*b", "?", "[ab]", "[!a]", "*.md", "**", "a?", "*a*b*", "abc", "\\a"),
)
ODD_LETTERS = "ab.-!]^["
ODD_PARTS = (
    *(*ODD_LETTERS, "*", "?", "\\", "/", "*", "[a-b]", "[!a]", "[]]", "[^]a]", "[[:alpha:]]"),
    *("[[:punct:]a]", "[b-a]", "[a\\]]", "\\*", "\\ ", "*b", "**/", "/**", " ", "[[:x:]]"),
)
# git reads ** after a piece of a name in two ways, by what stands before it.
INSIDE_A_NAME = re.compile(r"[^/!]\*\*|\*\*[^/*]|\*\*\*")


def excluded_by_git(folder: Path, patterns: list[str], paths: list[str]) -> set[str]:
    (folder / ".gitignore").write_text("\n".join(patterns) + "\n")
    asked = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin", "-z"],
        cwd=folder,
        input="\0".join(paths).encode(),
        capture_output=True,
    )
    return set(asked.stdout.decode().split("\0")) - {""}


def plain_case(chance: random.Random) -> tuple[list[str], list[str]]:
    paths = ["/".join(chance.choices(PLAIN_NAMES, k=chance.randint(1, 4))) for _ in range(40)]
    patterns = [
        chance.choice(["", "", "/", "!"])
        + "/".join(chance.choices(PLAIN_PARTS, k=chance.randint(1, 3)))
        + chance.choice(["", "", "/"])
        for _ in range(chance.randint(1, 4))
    ]
    return patterns, paths


def odd_case(chance: random.Random) -> tuple[list[str], list[str]]:
    def name() -> str:
        return "".join(chance.choices(ODD_LETTERS, k=chance.randint(1, 4)))

    paths = ["/".join(name() for _ in range(chance.randint(1, 3))) for _ in range(60)]
    patterns = ["".join(chance.choices(ODD_PARTS, k=chance.randint(1, 6))) for _ in range(4)]
    return patterns, [path for path in paths if not {".", ".."} & set(path.split("/"))]


@pytest.mark.parametrize("case", [plain_case, odd_case])
def test_every_pattern_means_what_it_means_to_git(tmp_path: Path, case: object) -> None:
    assert callable(case)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    chance = random.Random(3)  # noqa: S311  the same cases every time
    excluded = 0
    for _ in range(60):
        patterns, paths = case(chance)
        patterns = [pattern for pattern in patterns if not INSIDE_A_NAME.search(pattern)]
        ours = Exclusions((), "\n".join(patterns))
        found = {path for path in paths if ours.skip_for(path)}
        assert found == excluded_by_git(tmp_path, patterns, paths), patterns
        excluded += len(found)
    assert excluded > 100


def test_the_reason_names_the_pattern_and_where_it_stands() -> None:
    rules = Exclusions(["drafts/"], "# ours\n\nbuild/**\r\n*.log\n")
    assert rules.skip_for("drafts/a.md") == Skip(
        SkipReason.EXCLUDED, "drafts/ (excluded by an administrator, line 1)"
    )
    assert rules.skip_for("build/x/y.md") == Skip(
        SkipReason.EXCLUDED, "build/** (.plumblineignore, line 3)"
    )
    assert rules.skip_for("src/a.md") is None


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    skip = Exclusions((), "\ufeff# a form feed:\x0c and a separator:\u2028\n*.md\n").skip_for(
        "a.md"
    )
    assert skip is not None
    assert skip.detail == "*.md (.plumblineignore, line 2)"


def test_a_repository_cannot_bring_back_what_an_administrator_leaves_out() -> None:
    assert Exclusions(["secret/"], "!secret/\n!secret/a.md\n").skip_for("secret/a.md")


def test_nothing_comes_back_from_below_an_excluded_folder() -> None:
    rules = Exclusions((), "gen/\n!gen/keep.py\nlogs/*\n!logs/keep.txt\n")
    assert rules.skip_for("gen/keep.py") is not None
    assert rules.skip_for("logs/keep.txt") is None


def test_the_key_changes_with_what_is_left_out_and_by_whom() -> None:
    keys = {
        Exclusions((), "").key,
        Exclusions(("a",), "").key,
        Exclusions((), "a").key,
        Exclusions((), "a\nb").key,
        Exclusions((), "b\na").key,
        Exclusions(("a",), "b").key,
    }
    assert len(keys) == 6
    assert Exclusions((), "# why\na\n").key == Exclusions((), "a").key


@pytest.mark.parametrize(
    "line", ["!", "/", "\\", "a\\", "[", "[!a", "[[:nonsense:]]", "*" * 13, "x" * 501]
)
def test_a_line_that_is_no_pattern_is_named_and_the_others_count(line: str) -> None:
    rules = Exclusions((), f"*.log\n{line}\n*.tmp\n")
    assert not is_acceptable(line)
    assert rules.skip_for("a.log")
    assert rules.skip_for("a.tmp")
    (note,) = rules.notes
    assert note.startswith(".plumblineignore: 1 line is not used, the first is line 2.")


@pytest.mark.parametrize(
    "line", ["[z-a]", "\udc80", "\0", "\\p{Foo}", "(?i)x", "[a&&b]", "{", "a|"]
)
def test_what_only_looks_like_a_regular_expression_is_taken_as_it_stands(line: str) -> None:
    rules = Exclusions((), f"{line}\n*.log\n")
    assert rules.skip_for("a.log")
    assert rules.skip_for("c/\udc80.txt") is None
    assert rules.skip_for("X") is None


STARS = "*a" * 12 + "b"


@pytest.mark.parametrize(
    "text",
    [
        "a\n" * 500_000,
        "x" * 1_000_000,
        "\n".join(f"{STARS}{number}" for number in range(5000)),
        "\n".join("?" * 490 + str(number) for number in range(5000)),
        "\n".join("[a-z]" * 90 + str(number) for number in range(5000)),
        "\n".join("**/a/" * 6 + str(number) for number in range(5000)),
        "\n".join(f"{'?' * 200}b*{number}" for number in range(5000)),
    ],
    ids=["short lines", "one line", "stars", "letters", "classes", "folders", "near misses"],
)
def test_a_hostile_file_costs_seconds_and_is_cut_aloud(text: str) -> None:
    started = time.thread_time()
    rules = Exclusions((), text)
    for number in range(20):
        rules.skip_for("a/" * 40 + "a" * 200 + str(number))
    assert time.thread_time() - started < 10
    assert rules.notes


def test_no_pattern_takes_more_than_a_moment_for_a_path() -> None:
    rules = Exclusions((), f"{STARS}\n{'**/a/' * 6}b\n")
    started = time.thread_time()
    assert rules.skip_for("a" * 1000) is None
    assert rules.skip_for("a/" * 500 + "c") is None
    assert time.thread_time() - started < 1


def test_patterns_that_take_too_long_in_all_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusions, "TIME_LIMIT_S", 0.01)  # a limit, not behaviour
    rules = Exclusions((), "\n".join(f"**/x{number}/**" for number in range(MAX_PATTERNS)))
    with pytest.raises(FetchRefused, match="longer than"):
        all(rules.skip_for(f"{number}/" * 20) is None for number in range(10_000))


def test_a_hundred_thousand_paths_and_twenty_patterns_take_less_than_three_seconds() -> None:
    patterns = [f"docs{n}/**/*.min.js" for n in range(10)] + [f"*.ext{n}" for n in range(10)]
    rules = Exclusions(patterns)
    started = time.thread_time()
    for number in range(100_000):
        rules.skip_for(f"src/module{number % 300}/part{number % 17}/file_{number}.py")
    assert time.thread_time() - started < 3
