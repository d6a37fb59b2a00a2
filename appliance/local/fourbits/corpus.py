"""The product's part, with a database of its own for as long as it takes.

    python -m appliance.local.fourbits.corpus export REPOSITORY OUT.jsonl
    python -m appliance.local.fourbits.corpus ask    REPOSITORY URL QUESTION...

`export` writes the masked excerpts that a quantization is calibrated with; `ask` asks questions of a chat server
through search, prompt and citation checks, and ends with the answers as JSON.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.local.bench_corpus import database, set_up
from appliance.local.bench_grep import cloned
from appliance.local.settings import SMALL_MODEL_BUDGET

SAMPLES = 512


@contextmanager
def _connected(repository: Path, environment: dict[str, str]) -> Iterator[str]:
    """Sync a repository into a database that goes when the block is left; yield its name."""
    with tempfile.TemporaryDirectory(prefix="plumbline-fourbits-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            clones = cloned(home, [repository])
            os.environ |= environment
            set_up(home)
            # Django is there only from here on.
            from appliance.sources.managing import connect
            from indexer.ingestion.inline import sync_now

            ((source, clone),) = clones.items()
            sync_now(connect(str(clone), name=source, from_command_line=True))
            yield source


def export(repository: Path, out: Path) -> None:
    with _connected(repository, {}):
        from django.core.management import call_command

        call_command("export_calibration", "--out", str(out), "--samples", str(SAMPLES))


def ask(repository: Path, url: str, questions: list[str]) -> list[dict[str, object]]:
    """Return what came of each question, until one is answered with a citation that holds."""
    environment = {
        **SMALL_MODEL_BUDGET,
        "PLUMBLINE_CHAT_URL": url,
        "PLUMBLINE_CHAT_PRIORITIES": "true",
    }
    told: list[dict[str, object]] = []
    with _connected(repository, environment):
        from django.core.management import call_command

        for question in questions:
            said = io.StringIO()
            call_command("ask", question, "--json", stdout=said)
            told.append({"question": question, **json.loads(said.getvalue())})
            if told[-1]["citations"]:
                break
    return told


def main() -> None:
    what, repository, *rest = sys.argv[1:]
    if what == "export":
        export(Path(repository), Path(rest[0]))
    else:
        sys.stdout.write(json.dumps(ask(Path(repository), rest[0], rest[1:])) + "\n")


if __name__ == "__main__":
    main()
