"""Vendored code is kept out by unmistakable names alone, and whoever wants it takes it in."""

from __future__ import annotations

import pytest

from indexer.reading.exclusions import Exclusions
from indexer.reading.vendored import vendored_folder
from indexer.skips import Skip, SkipReason


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("node_modules/left-pad/index.js", "node_modules"),
        ("web/app/node_modules/a/node_modules/b.js", "web/app/node_modules"),
        ("Third_Party/zlib/inflate.c", "Third_Party"),
        ("lib/python3.11/site-packages/six.py", "lib/python3.11/site-packages"),
        ("vendor/github.com/spf13/cobra/args.go", "vendor"),
        ("svc/vendor/golang.org/x/net/http.go", "svc/vendor"),
        ("vendor/bundle/ruby/3.3.0/gems/rack/rack.rb", "vendor"),
        ("vendor/composer/autoload_real.php", "vendor"),
    ],
)
def test_what_a_package_manager_filled_is_vendored(path: str, folder: str) -> None:
    assert vendored_folder(path) == folder
    assert Exclusions(()).skip_for(path) == Skip(SkipReason.VENDORED, folder)


@pytest.mark.parametrize(
    "path",
    [
        "src/com/acme/vendor/VendorService.java",  # the company's suppliers
        "vendor/models.py",
        "vendor/api.v2.py",  # a file with dots is no host
        "vendor/.config/settings.py",
        "docs/node_modules.md",
        "node_modules",  # a file of that name
        "src/thirdparty.py",
        "carthage/history.md",
    ],
)
def test_in_doubt_it_is_read(path: str) -> None:
    assert vendored_folder(path) == ""
    assert Exclusions(()).skip_for(path) is None


@pytest.mark.parametrize(
    ("patterns", "ignore_file"),
    [
        (["!third_party/"], ""),
        ([], "*.log\n!third_party\n"),
        (["!third_party/ours/**"], ""),
        (["third_party/", "!third_party/"], ""),
    ],
)
def test_an_exception_takes_it_in(patterns: list[str], ignore_file: str) -> None:
    rules = Exclusions(patterns, ignore_file)
    assert rules.skip_for("third_party/ours/patch.c") is None
    assert rules.skip_for("node_modules/x.js") == Skip(SkipReason.VENDORED, "node_modules")


def test_an_exception_for_a_part_leaves_the_rest_out() -> None:
    rules = Exclusions((), "!third_party/ours/\n")
    assert rules.skip_for("third_party/ours/patch.c") is None
    assert rules.skip_for("third_party/theirs/a.c") == Skip(SkipReason.VENDORED, "third_party")


def test_a_pattern_that_excludes_still_excludes() -> None:
    rules = Exclusions(["*.c"], "!third_party/\n")
    skip = rules.skip_for("third_party/a.c")
    assert skip is not None
    assert skip.reason == SkipReason.EXCLUDED
    assert rules.skip_for("third_party/a.h") is None
