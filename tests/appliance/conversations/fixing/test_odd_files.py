"""Patches of files as people have them: both line ends, no end, fences inside, folders named as the source."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.conversations.answering.fixing.line_ends import with_line_ends
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.appliance.conversations.conftest import CART
from tests.appliance.conversations.fixing.conftest import (
    CHANGE,
    GOOD,
    HEAD,
    Fix,
    end_of,
    events_of,
    fenced,
    reasons,
    verdicts,
)
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

GUIDE = "# Shop\n\nRun it:\n\n```\nshop run\n```\n\nThen add_item fills the cart.\n"
FILES: dict[str, str | bytes] = {
    "shop/cart.py": CART,
    "shop/mixed.py": CART.replace("add_item", "mix").replace("\n", "\r\n", 6).rstrip("\n").encode(),
    "shop/windows.py": b"def close_cart(cart):\r\n    return cart",
    "guide.md": GUIDE,
}


@pytest.fixture
def shop(repository_factory: RepositoryFactory, source_factory: SourceFactory) -> Repository:
    repository = repository_factory(FILES, "shop")
    source_factory("shop", repository=repository)
    return repository


def taken_by_git(folder: Path, diff: str) -> None:
    """Apply a diff in the work tree, as who downloads it does."""
    subprocess.run(["git", "apply", "-"], cwd=folder, input=diff.encode(), check=True)


def test_each_line_keeps_its_own_end(fix: Fix, shop: Repository) -> None:
    patch = fix(
        fenced(
            *("--- shop/mixed.py", "+++ shop/mixed.py"),
            *(
                "@@",
                "     if cart.count(item) >= 99:",
                "+        pass",
                "         raise CartFull(item)",
            ),
            *("--- shop/windows.py", "+++ shop/windows.py"),
            *("@@", "-    return cart", "+    cart.close()", "+    return cart.total"),
        )
    )
    assert patch["state"] == "good", reasons(patch)
    taken_by_git(shop.path, patch["diff"])
    mixed = (shop.path / "shop/mixed.py").read_bytes()
    raw = FILES["shop/mixed.py"]
    assert isinstance(raw, bytes)
    assert mixed == raw.replace(b">= 99:\r\n", b">= 99:\r\n        pass\r\n")
    windows = (shop.path / "shop/windows.py").read_bytes()
    assert windows == b"def close_cart(cart):\r\n    cart.close()\r\n    return cart.total"


def test_a_file_without_carriage_returns_gets_none() -> None:
    diff = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-x\n+y\n"
    assert with_line_ends(diff, [b"x", b""]) == diff
    assert "\n-x\r\n+y\r\n" in with_line_ends(diff, [b"x\r", b""])


def test_a_text_with_fences_can_be_changed(fix: Fix, shop: Repository) -> None:
    fences = ("@@", " Run it:", " ", " ```", "-shop run", "+shop start", " ```")
    patch = fix(fenced("--- guide.md", "+++ guide.md", *fences))
    assert patch["state"] == "good", reasons(patch)
    taken_by_git(shop.path, patch["diff"])
    assert (shop.path / "guide.md").read_text() == GUIDE.replace("shop run", "shop start")


def test_the_text_of_such_an_answer_is_one_block_again(
    shop: Repository, models: FakeServer
) -> None:
    fences = ("@@", " ```", "-shop run", "+shop start", " ```")
    models.model.script = Script(text=fenced("--- guide.md", "+++ guide.md", *fences) + "Done.\n")
    text = end_of(events_of()).text
    assert text.count("````diff") == 1
    assert text.endswith(" \n Then add_item fills the cart.\n````\nDone.\n")


def test_a_new_file_goes_into_the_folder_that_is_named_like_its_source(
    fix: Fix, shop: Repository
) -> None:
    for written, path in (
        ("b/shop/limits.py", "shop/limits.py"),
        ("b/shop/shop/limits.py", "shop/limits.py"),
        ("b/limits.py", "limits.py"),
    ):
        patch = fix(fenced("--- /dev/null", f"+++ {written}", "@@", "+MOST = 99"))
        assert [file["path"] for file in patch["files"]] == [path]


def test_without_such_a_folder_it_stands_at_the_root(
    fix: Fix, source_factory: SourceFactory
) -> None:
    source_factory("store", {"cart.py": CART})
    patch = fix(fenced("--- /dev/null", "+++ b/store/limits.py", "@@", "+MOST = 99"))
    assert [file["path"] for file in patch["files"]] == ["limits.py"]


def test_an_empty_file_can_be_made(fix: Fix, shop: Repository) -> None:
    made = (
        "diff --git a/shop/plugins/__init__.py b/shop/plugins/__init__.py",
        "new file mode 100644",
    )
    patch = fix(fenced(*made))
    assert (patch["state"], verdicts(patch)["parses"]) == ("good", "passed")
    taken_by_git(shop.path, patch["diff"])
    assert (shop.path / "shop/plugins/__init__.py").read_bytes() == b""


CODE = f"The limit of `add_item` is off by one [E1].\n\n```python\n{CART.replace('>= 99', '> 99')}```\n"


def test_who_writes_code_and_no_change_is_asked_for_one(
    source_factory: SourceFactory, models: FakeServer
) -> None:
    source_factory("shop", {"shop/cart.py": CART})
    models.model.script = Script(text=CODE, repaired=GOOD)
    end = end_of(events_of())
    assert [patch["state"] for patch in end.patches] == ["good"]
    assert end.patches[0]["is_repaired"]
    assert end.text.startswith(CODE.rstrip())  # what was explained stays
    assert end.text.endswith(
        "+    if cart.count(item) > 99:\n         raise CartFull(item)\n     cart.append(item)\n     return cart\n```\n"
    )


@pytest.mark.parametrize(
    "again", ["no change", fenced(*HEAD, "@@", "-    nowhere()", "+    here()")]
)
def test_who_has_none_then_keeps_the_answer_as_it_is(
    again: str, source_factory: SourceFactory, models: FakeServer
) -> None:
    source_factory("shop", {"shop/cart.py": CART})
    models.model.script = Script(text=CODE, repaired=again)
    end = end_of(events_of())
    assert (end.patches, end.text) == ((), CODE)


def test_a_trace_out_of_a_log_is_located_and_fixed(fix: Fix, shop: Repository) -> None:
    assert Source.objects.count() == 1
    trace = (
        "Why?\n\nweb-1  | Traceback (most recent call last):\n"
        'web-1  |   File "/srv/app/shop/cart.py", line 7, in add_item\n'
        "web-1  |     raise CartFull(item)\nweb-1  | shop.cart.CartFull: too many\n"
    )
    assert fix(fenced(*HEAD, *CHANGE), text=trace)["state"] == "good"


TWICE = "class A:\n    def close_it(self):\n        self.socket.close()\n        return self.is_open\n\n\n"
PASTED = "This is wrong:\n\n```\nself.socket.close()\nreturn self.is_open\n```\n"
ENDS = ("-        return self.is_open", "+        return None")


def test_of_code_that_stands_twice_both_places_are_told_and_none_is_guessed(
    source_factory: SourceFactory, models: FakeServer
) -> None:
    source_factory("shop", {"net.py": TWICE + TWICE.replace("class A", "class B")})
    models.model.script = Script(text=fenced("--- net.py", "+++ net.py", "@@", *ENDS))
    end = end_of(events_of(PASTED))
    assert end.steps[0].detail == "net.py line 3, net.py line 9; what was pasted stands at 2 places"
    assert "stand at 2 places of the file" in reasons(end.patches[0])
    # Lines around them say which is meant.
    around = (" class B:", "     def close_it(self):", "         self.socket.close()")
    models.model.script = Script(text=fenced("--- net.py", "+++ net.py", "@@", *around, *ENDS))
    (patch,) = end_of(events_of(PASTED)).patches
    assert (patch["state"], "@@ -7,6 +7,6 @@" in patch["diff"]) == ("good", True), patch["diff"]
