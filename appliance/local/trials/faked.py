"""An appliance of its own over a repository, beside a fake model of fixed pace in another process.

What such an appliance adds to its model is its own cost: a real model on the same processor takes
what it can get, and nothing tells the two apart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.local.bench_grep import cloned
from appliance.local.bench_streaming import fake_model
from appliance.local.settings import take_from_file
from appliance.local.trials.checking import wait_until
from appliance.local.trials.world import environment_of, started

SEARCHABLE_S = 300.0


@contextmanager
def beside_fake(
    repository: Path, *, pace: float, words: int, streams: int
) -> Iterator[tuple[str, str]]:
    """Start all of it; give the appliance's address and the name of its source.

    The model writes so many words at so many a second; so many streams of one person are
    written at a time.
    """
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "home").mkdir()
        [clone] = cloned(folder, [repository]).values()
        # One person may hold half of what is written at a time.
        settings = {"PLUMBLINE_ANSWERS_AT_ONCE": str(2 * streams)}
        with fake_model(words, pace) as url:
            environment = environment_of(folder, url, clone, settings)
            with started(environment) as home:
                take_from_file(home)
                yield f"http://127.0.0.1:{environment['PORT']}", _searchable(clone.stem)


def _searchable(name: str) -> str:
    """Wait until a source can be searched by the names in it."""
    import django

    django.setup()
    from indexer.models import Definition

    named = Definition.objects.filter(blob__documents__source__name=name)
    if not wait_until(named.exists, SEARCHABLE_S):
        raise SystemExit(f"{name} was not indexed within {SEARCHABLE_S:.0f} s")
    return name
