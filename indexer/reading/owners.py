"""Whom a CODEOWNERS file names for a path: as git hosts read it, the last pattern that fits decides."""

from __future__ import annotations

import re

from indexer.reading.globs import to_glob

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
MOST_RULES = 2000
LONGEST_PATTERN = 500  # letters
MOST_WILDCARDS = 12  # stars of one pattern
OWNER = re.compile(r"@?[\w.+-]+(?:/[\w.-]+)*(?:@[\w.-]+)?")


def owners_of(text: str, path: str) -> tuple[str, ...]:
    """Return the owners of a path in the order of the file; none where no rule has any."""
    for line in reversed(text.split("\n")[:MOST_RULES]):
        pattern, *owners = line.partition("#")[0].split()[:20] or [""]
        if pattern and not pattern.startswith("[") and _fits(pattern, path):
            return tuple(one for one in owners if OWNER.fullmatch(one))
    return ()


def _fits(pattern: str, path: str) -> bool:
    """Return whether a pattern chooses a file, by itself or by a folder above it."""
    if len(pattern) > LONGEST_PATTERN or pattern.count("*") > MOST_WILDCARDS:
        return False
    glob = to_glob(pattern)
    if glob is None or glob.is_negated:
        return False
    expression = re.compile(glob.expression, re.DOTALL)
    parts = path.split("/")
    reach = range(1, len(parts) + (0 if glob.is_of_folders else 1))
    if glob.is_of_name:
        return any(expression.fullmatch(parts[at - 1]) for at in reach)
    # "docs/*" is about the files of that folder alone, as on git hosts.
    is_flat = pattern.endswith("/*")
    wholes = [len(parts)] if is_flat else reach
    return any(expression.fullmatch("/".join(parts[:at])) for at in wholes)
