"""Folders with other people's code, copied into a repository: not read unless somebody wants that.

Only unmistakable names count. A folder `vendor` may be about the company's suppliers, so it counts
where a package manager has filled it; elsewhere it is read and weighs less in search.
"""

from __future__ import annotations

from itertools import pairwise

from indexer.reading.roles import VENDORED_FOLDERS

DOUBTFUL = frozenset({"carthage", "vendor"})
UNMISTAKABLE = VENDORED_FOLDERS - DOUBTFUL
FILLED = frozenset({"bundle", "composer"})  # what Bundler and Composer put into a vendor folder


def vendored_folder(path: str) -> str:
    """Return the outermost folder of vendored code above a file, "" when there is none."""
    parts = path.split("/")
    above = ""
    for folder, below in pairwise(parts):
        above = f"{above}/{folder}" if above else folder
        name = folder.lower()
        if name in UNMISTAKABLE:
            return above
        is_file = len(above) + 1 + len(below) == len(path)
        if name == "vendor" and not is_file and (below in FILLED or "." in below.strip(".")):
            return above  # vendor/github.com/...: a Go module lies under its host's name
    return ""
