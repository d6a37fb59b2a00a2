"""What models write instead of diffs is read; what no patch may do is refused."""

from __future__ import annotations

import time

import pytest

from appliance.conversations.answering.fixing.diff_blocks import (
    LONGEST,
    FileChange,
    changes_in,
    is_change,
)


def read(text: str) -> list[FileChange]:
    return changes_in(text.removeprefix("\n"))


@pytest.mark.parametrize(
    "head",
    [
        "--- a/shop/cart.py\n+++ b/shop/cart.py",
        "--- shop/cart.py\n+++ shop/cart.py",
        "--- shop/cart.py\t2026-01-01\n+++ shop/cart.py\t2026-01-02",
        "diff --git a/shop/cart.py b/shop/cart.py\nindex 12ab..34cd 100644\n--- a/shop/cart.py\n+++ b/shop/cart.py",
        "*** Begin Patch\n*** Update File: shop/cart.py",
    ],
)
@pytest.mark.parametrize("place", ["@@ -1,2 +1,2 @@", "@@", "@@ -999 +1,77 @@", "@@ def add @@"])
def test_headings_and_numbers_may_be_of_any_kind(head: str, place: str) -> None:
    (change,) = read(f"{head}\n{place}\n a\n-b\n+c\n")
    assert (change.path, change.refusal, change.is_new) == ("shop/cart.py", "", False)
    assert (change.hunks[0].old, change.hunks[0].new) == (["a", "b"], ["a", "c"])


def test_a_line_without_a_sign_stays() -> None:
    (change,) = read("--- a\n+++ a\n@@\ndef f():\n-    old\n+    new\n")
    assert change.hunks[0].old == ["def f():", "    old"]


def test_removed_lines_that_look_like_headings_are_lines() -> None:
    (change,) = read("--- a.sql\n+++ a.sql\n@@ -1 +1 @@\n--- old comment\n+-- new comment\n")
    assert (change.hunks[0].old, change.hunks[0].new) == (["-- old comment"], ["-- new comment"])


def test_two_files_in_one_block() -> None:
    changes = read("--- a\n+++ a\n@@\n-1\n+2\n--- b\n+++ b\n@@\n-3\n+4\n")
    assert [(one.path, one.hunks[0].new) for one in changes] == [("a", ["2"]), ("b", ["4"])]


def test_a_new_file() -> None:
    (change,) = read("--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+a\n+b\n")
    assert (change.path, change.is_new, change.hunks[0].new) == ("new.py", True, ["a", "b"])


def test_pairs_to_search_and_replace() -> None:
    text = "shop/cart.py\n<<<<<<< SEARCH\nold\n=======\nnew\nmore\n>>>>>>> REPLACE\n"
    (change,) = read(text * 1)
    assert (change.path, change.hunks[0].old, change.hunks[0].new) == (
        "shop/cart.py", ["old"], ["new", "more"],
    )  # fmt: skip


def test_a_pair_without_an_end_is_refused() -> None:
    assert read("a.py\n<<<<<<< SEARCH\nold\n=======\nnew")[0].refusal


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("diff --git a/x b/x\nGIT binary patch\nliteral 3\nKcmZ", "binary"),
        ("diff --git a/x b/x\nBinary files a/x and b/x differ", "binary"),
        ("diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n@@\n-a", "deletes"),
        ("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a", "deletes"),
        ("*** Delete File: x", "deletes"),
        ("diff --git a/x b/y\nrename from x\nrename to y", "renames"),
        ("diff --git a/x b/y\ncopy from x\ncopy to y", "renames"),
        ("diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@\n+/etc", "symbolic"),
        ("diff --git a/x b/x\nold mode 100644\nnew mode 120000", "symbolic"),
        ("diff --git a/x b/x\nnew file mode 160000\n+Subproject commit", "submodule"),
        ("diff --git a/x b/x\nold mode 100644\nnew mode 100755", "mode"),
        ("+" * (LONGEST + 1), "longer"),
    ],
)
def test_what_is_no_change_of_lines_is_refused(text: str, sentence: str) -> None:
    assert any(sentence in one.refusal for one in read(text))


@pytest.mark.parametrize(
    ("block", "language", "expected"),
    [
        ("anything", "diff", True),
        ("--- a\n+++ b\n@@\n-x\n+y", "", True),
        ("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE", "python", True),
        ("x = 1\ny = 2", "python", False),
        ("--- a heading\ntext", "", False),
    ],
)
def test_blocks_that_are_meant_as_changes(block: str, language: str, expected: bool) -> None:
    assert is_change(block, language) is expected


def test_a_block_of_a_megabyte_costs_moments() -> None:
    started = time.thread_time()
    for shape in (
        "--- a\n+++ a\n@@\n-x\n+y\n",
        "<<<<<<< SEARCH\n",
        "=======\n",
        "@@ -1 +1 @@\n",
        "+x\n",
    ):
        read(shape * (1_000_000 // len(shape)))
        read(shape * (LONGEST // len(shape)))
    assert time.thread_time() - started < 5.0
