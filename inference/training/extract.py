"""Makes pairs from bare repositories and from installed Python packages, and says where they come from.

    python -m inference.training.extract --out FOLDER --repositories FOLDER [--packages FOLDER]

Each source becomes one file of pairs and one line of `provenance.tsv`: name, licence, commit or
version, and how many pairs of each kind. A source without a permissive licence is left out, and so
is every repository that the product is measured on.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from inference.training import trees
from inference.training.comments import comment_pairs, docstring_pairs
from inference.training.history import commit_pairs
from inference.training.licences import NAME, is_permissive, licence_of
from inference.training.pairs import Pair, write_pairs
from inference.training.sections import section_pairs

# What docs/experiments.md measures on, and what is the same code under another name.
MEASURED = frozenset(
    [
        "axios",
        "click",
        "cobra",
        "express",
        "fastify",
        "fd",
        "flask",
        "gin",
        "hiredis",
        "httpcore",
        "httpx",
        "httpx2",
        "jq",
        "kombu",
        "libuv",
        "ripgrep",
    ]
)
NEWEST_COMMITS = 4000
MOST = {"commit": 6000, "comment": 9000, "docstring": 9000, "heading": 1500, "sentence": 1500}
SEED = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repositories", type=Path, help="OWNER+NAME/repo, bare, one a folder")
    parser.add_argument("--packages", type=Path, help="a site-packages folder")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.repositories:
        for folder in sorted(chosen.repositories.iterdir()):
            extract_repository(folder, chosen.out)
    if chosen.packages:
        extract_packages(chosen.packages, chosen.out)


def extract_repository(folder: Path, out: Path) -> None:
    name = folder.name.replace("+", "/")
    repository = next((r for r in (folder / "repo/.git", folder / "repo") if r.is_dir()), None)
    if repository is None or name.rpartition("/")[2] in MEASURED:
        return
    files = [one for one in trees.names_at_head(repository) if NAME.match(one)]
    licence = licence_of([trees.text_at_head(repository, one) for one in files])
    if licence is None:
        print(f"{name}: no permissive licence is known")
        return
    pairs = [*_of_files(trees.files_at_head(repository))]
    pairs += commit_pairs(repository, newest=NEWEST_COMMITS)
    _write(out, name, licence, trees.head_of(repository), pairs)


def extract_packages(folder: Path, out: Path) -> None:
    for found in metadata.distributions(path=[str(folder)]):
        name, licence = found.metadata["Name"], _declared(found)
        if name.lower() in MEASURED or licence is None:
            continue
        pairs = [*_of_files(_installed(found, folder))]
        if pairs:
            _write(out, f"pypi/{name}", licence, found.version, pairs)


def _declared(found: metadata.Distribution) -> str | None:
    """Return what a package says of its licence, when that is a permissive one."""
    about = found.metadata
    fields = [*(about.get_all("License-Expression") or []), *(about.get_all("License") or [])]
    classified = [
        one.rpartition(" :: ")[2]
        for one in about.get_all("Classifier") or []
        if one.startswith("License ::")
    ]
    for said in [*fields, *classified]:
        if len(said) < 60 and is_permissive(said):
            return " ".join(said.split())
    return None


def _installed(found: metadata.Distribution, folder: Path) -> Iterator[tuple[str, str]]:
    for file in found.files or []:
        place = folder / file
        is_ours = file.suffix == ".py" and ".." not in file.parts and place.is_file()
        if is_ours and trees.is_learned_from(str(file)) and place.stat().st_size <= trees.MAX_BYTES:
            yield str(file), place.read_text(encoding="utf-8", errors="replace")


def _of_files(files: Iterable[tuple[str, str]]) -> Iterator[Pair]:
    for path, text in files:
        if trees.is_prose(path):
            yield from section_pairs(path, text)
            continue
        if path.endswith((".py", ".pyi")):
            yield from docstring_pairs(path, text)
        yield from comment_pairs(path, text)


def _write(out: Path, name: str, licence: str, version: str, pairs: list[Pair]) -> None:
    """Write a source's pairs, each asked once and no kind more often than its share."""
    once = list({pair.query: pair for pair in pairs}.values())
    random.Random(SEED).shuffle(once)  # noqa: S311 - a sample, no secret
    counts: Counter[str] = Counter()
    kept = []
    for pair in once:
        if counts[pair.kind] < MOST[pair.kind]:
            counts[pair.kind] += 1
            kept.append(pair)
    write_pairs(out / f"{name.replace('/', '+')}.jsonl.gz", kept)
    numbers = "\t".join(str(counts[kind]) for kind in MOST)
    with (out / "provenance.tsv").open("a", encoding="utf-8") as table:
        table.write(f"{name}\t{licence}\t{version}\t{numbers}\n")
    print(f"{name}: {dict(counts)}", flush=True)


if __name__ == "__main__":
    main()
