"""Compare code search with git grep -P on the same commits: the same lines, and how fast.

    python -m appliance.local.bench_grep BUNDLE_OR_REPOSITORY... [--show 5]

Starts PostgreSQL of its own in a temporary folder, syncs the repositories, and asks both for 100
patterns: half are the usual ones of code in any language, half are built from names that the
repositories define. Compared are files that are indexed as they are: not those that were skipped,
masked or extracted from a document. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from appliance.local.bench_corpus import database, set_up

console = Console(stderr=True)
GENERAL = (
    "TODO", "FIXME", "return", "error", "import ", "deprecated", "http://", "https?://", "timeout",
    r"\bnull\b", r"\bif\b", "^#", r"^\s*//", r"\)$", "^$", r"\s+$", r"\t", r"[A-Z]{5,}", r"\d{4}",
    r"0x[0-9a-fA-F]+", r"\b[a-z]+_[a-z]+\(", "(get|set)[A-Z]", "err != nil", r"self\.\w+ =",
    r"function\s*\(", r"^(class|struct|type) ", "==|!=", "&&", r"\|\|", r"\[\]", r"\{\}", "=>",
    "->", "::", r"\.\.\.", "'[^']*'", '"[^"]{30,}"', r"(?i)license", "(?i)utf-?8", "a.*b.*c.*d",
    "(a+)+$", "x*", ".", r"\bTest\w*", "nowhere_at_all_in_this_tree", r"print(f|ln)?\(", "é|ü|ß",
    r"\w+@\w+\.\w+", r"v\d+\.\d+\.\d+", "[^ -~]",
)  # fmt: skip
OF_NAMES = ("{}", r"\b{}\b", r"{}\s*\(", "(?i){}", r"\b{}\b.*[,;:]")
NAMES = 10


class GitGaveUp(Exception):
    """PCRE2 backtracked more often than its limit allows."""


@dataclass(frozen=True, slots=True)
class Place:
    source: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Comparison:
    pattern: str
    lines: int
    identical: bool
    git_s: float
    search_s: float
    files_read: int
    only_git: tuple[Place, ...]
    only_search: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Result:
    patterns: int
    git_gave_up: int
    identical: int
    lines: int
    files: int
    files_left_out: int
    narrowed: int
    git_s_median: float
    search_s_median: float
    search_s_worst: float
    speed_ratio_median: float
    speed_ratio_narrowed: float
    sync_s: float
    source_bytes: int
    trigram_bytes: int
    trigram_bytes_per_source_byte: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=3, help="differing lines to print a pattern")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            clones = cloned(home, options.repositories)
            set_up(home)
            result = _measured(clones, options.show)
    sys.stdout.write(json.dumps(asdict(result)) + "\n")


def cloned(home: Path, repositories: Sequence[Path]) -> dict[str, Path]:
    """Return bare copies of repositories or bundles by their names."""
    clones: dict[str, Path] = {}
    for repository in repositories:
        clone = home / f"{repository.stem}.git"
        command = ["git", "clone", "--quiet", "--bare", str(repository.resolve()), str(clone)]
        subprocess.run(command, check=True)
        clones[repository.stem] = clone
    return clones


def _measured(clones: dict[str, Path], show: int) -> Result:
    from django.db import connection

    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.sync import WatchedHeartbeat, sync
    from indexer.models import Blob

    started = time.monotonic()
    for name, clone in clones.items():
        source = connect(str(clone), name=name, from_command_line=True)
        job = jobs.claim(jobs.enqueue(source).pk)
        sync(job, WatchedHeartbeat(job, None))  # without vectors, which it does not need
    sync_s = time.monotonic() - started
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_total_relation_size('indexer_trigramset')")
        (trigram_bytes,) = cursor.fetchone() or (0,)
    source_bytes = sum(Blob.objects.filter(skip_reason="").values_list("size_bytes", flat=True))
    compared, left_out = _comparable()
    _git_places(clones, "warm", compared)  # both find the files in memory
    comparisons = []
    given_up = 0
    for pattern in _patterns():
        try:
            comparison = _compared(pattern, clones, compared)
        except GitGaveUp as exc:
            console.print(f"{pattern!r}: {exc}", highlight=False)
            given_up += 1
            continue
        comparisons.append(comparison)
        if not comparison.identical:
            console.print(f"{pattern!r}: git alone {comparison.only_git[:show]}", highlight=False)
            console.print(f"    search alone {comparison.only_search[:show]}", highlight=False)
    narrowed = [one for one in comparisons if one.files_read < len(compared) + left_out]
    return Result(
        patterns=len(comparisons),
        git_gave_up=given_up,
        identical=sum(one.identical for one in comparisons),
        lines=sum(one.lines for one in comparisons),
        files=len(compared),
        files_left_out=left_out,
        narrowed=len(narrowed),
        git_s_median=round(statistics.median(one.git_s for one in comparisons), 4),
        search_s_median=round(statistics.median(one.search_s for one in comparisons), 4),
        search_s_worst=round(max(one.search_s for one in comparisons), 3),
        speed_ratio_median=_ratio(comparisons),
        speed_ratio_narrowed=_ratio(narrowed),
        sync_s=round(sync_s, 1),
        source_bytes=source_bytes,
        trigram_bytes=trigram_bytes,
        trigram_bytes_per_source_byte=round(trigram_bytes / source_bytes, 2),
    )


def _ratio(comparisons: Sequence[Comparison]) -> float:
    return round(statistics.median(one.git_s / one.search_s for one in comparisons), 2)


def _comparable() -> tuple[set[tuple[str, str]], int]:
    """Return the files that are indexed as they are, and how many are not."""
    from indexer.models import Document

    rows = Document.objects.values_list("source__name", "path", "blob__format", "blob__findings")
    files = {(source, path) for source, path, _, _ in rows}
    changed = {(source, path) for source, path, form, finding in rows if form or finding}
    return files - changed, len(changed)


def _patterns() -> list[str]:
    from indexer.models import Definition

    names = sorted(set(Definition.objects.values_list("name", flat=True)))
    plain = [name for name in names if re.fullmatch(r"\w{4,}", name)]
    chosen = plain[:: max(1, len(plain) // NAMES)][:NAMES]
    return [*GENERAL, *(shape.format(name) for name in chosen for shape in OF_NAMES)]


def _compared(pattern: str, clones: dict[str, Path], compared: set[tuple[str, str]]) -> Comparison:
    from appliance.sources.access import operator_scope
    from indexer.codesearch.query import CodeQuery
    from indexer.codesearch.search import search_code

    started = time.monotonic()
    expected = _git_places(clones, pattern, compared)
    git_s = time.monotonic() - started
    started = time.monotonic()
    query = CodeQuery(pattern, is_regex=True, filters=())
    result = search_code(query, scope=operator_scope(), seconds=600, max_lines=10_000_000)
    search_s = time.monotonic() - started
    found = {
        Place(file.source, file.path, line.line)
        for file in result.files
        if (file.source, file.path) in compared
        for line in file.lines
    }
    return Comparison(
        pattern=pattern,
        lines=len(found),
        identical=found == expected,
        git_s=git_s,
        search_s=search_s,
        files_read=result.certificate.files_read,
        only_git=_sorted(expected - found),
        only_search=_sorted(found - expected),
    )


def _sorted(places: set[Place]) -> tuple[Place, ...]:
    return tuple(sorted(places, key=lambda place: (place.source, place.path, place.line)))


def _git_places(
    clones: dict[str, Path], pattern: str, compared: set[tuple[str, str]]
) -> set[Place]:
    places: set[Place] = set()
    for name, clone in clones.items():
        done = subprocess.run(
            ["git", "grep", "-I", "-n", "-z", "-P", "-e", pattern, "HEAD"],
            cwd=clone,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1"},
            capture_output=True,
        )
        if done.returncode > 1:
            raise GitGaveUp(done.stderr.decode(errors="replace").strip())
        for record in re.finditer(rb"^HEAD:([^\0\n]+)\0(\d+)\0", done.stdout, re.MULTILINE):
            path = record[1].decode("utf-8", "replace")
            if (name, path) in compared:
                places.add(Place(name, path, int(record[2])))
    return places


if __name__ == "__main__":
    main()
