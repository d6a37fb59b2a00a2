"""The repositories of a golden set in a database of a benchmark's own, at the commits it names."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from appliance.local.bench_corpus import set_up
from appliance.local.bench_grep import cloned

Line = dict[str, Any]


def lines_of(files: Iterable[Path]) -> list[Line]:
    """Return the questions of golden files, each with the name of its file as `set`."""
    return [
        json.loads(line) | {"set": path.stem}
        for path in files
        for line in path.read_text("utf-8").split("\n")
        if line.strip()
    ]


def index(home: Path, folder: Path, questions: Sequence[Line]) -> None:
    """Load the product and index each repository of the questions, with vectors.

    The folder holds a bundle or a clone of each: flask.bundle, or flask.
    """
    bases = {line["source"]: line["base"] for line in questions if "base" in line}
    bundles = {name: folder / f"{name}.bundle" for name in bases}
    clones = cloned(home, [one if one.exists() else folder / n for n, one in bundles.items()])
    for name, clone in clones.items():
        for command in (
            ("update-ref", "refs/heads/measured", bases[name]),
            ("symbolic-ref", "HEAD", "refs/heads/measured"),
        ):
            subprocess.run(["git", f"--git-dir={clone}", *command], check=True)
    set_up(home)
    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.embed import embed
    from indexer.ingestion.sync import WatchedHeartbeat, sync
    from indexer.models import Job

    for name, clone in clones.items():
        source = connect(str(clone), name=name, from_command_line=True)
        job = jobs.claim(jobs.enqueue(source).pk)
        sync(job, WatchedHeartbeat(job, None))
        embed(jobs.claim(jobs.enqueue(source, Job.Kind.EMBED).pk))
