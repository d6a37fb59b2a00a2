"""Runs the admin's command for a source on its files at a commit, with or without a patch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.conversations.visible import visible
from indexer import mirrors
from indexer.errors import FetchError
from indexer.fetching.exporting import TooLarge, export_tree, write_file
from indexer.masking import mask
from indexer.models import Document, Finding, Source
from indexer.scope import Scope
from inference.sandbox import Limits, Ran, SandboxUnusable, run_confined

SHOWN = 4000  # letters of the end of what was said


def run_on(
    source: Source,
    commit: str,
    changed: Mapping[str, bytes],
    *,
    scope: Scope,
    command: str,
    limits: Limits,
    is_stopped: Callable[[], bool],
) -> Ran:
    """Run a command on the files of a commit that the reader may see, some of them changed.

    Only those, and with the secrets masked that were found in them: what is run could print any of
    them, in letters of its own. Raises SandboxUnusable.
    """
    with_secrets = _with_secrets(source)

    def shown(path: str, content: bytes) -> bytes:
        return _masked(path, content) if path in with_secrets else content

    with tempfile.TemporaryDirectory(prefix="plumbline-sandbox-") as name:
        folder = Path(name)
        try:
            export_tree(
                mirrors.at_hand(source),
                commit,
                folder,
                is_wanted=lambda path: scope.allows(source.pk, path),
                most_bytes=limits.disk_bytes // 2,
                shown=shown,
            )
            for path, content in changed.items():
                write_file(folder, path, shown(path, content))
        except TooLarge as exc:
            raise SandboxUnusable("the source has more files than the sandbox has room") from exc
        except (FetchError, OSError) as exc:
            raise SandboxUnusable("the files of the source could not be laid out") from exc
        return run_confined(command, folder, limits, is_stopped)


def _with_secrets(source: Source) -> frozenset[str]:
    """Return the paths of the source's files of which the index holds no secret, but git does."""
    found = Document.objects.filter(source=source, blob__findings__kind=Finding.Kind.SECRET)
    return frozenset(found.values_list("path", flat=True))


def _masked(path: str, content: bytes) -> bytes:
    return mask(content.decode("utf-8", "replace"), path).text.encode()


def said(ran: Ran) -> str:
    """Return the end of what a run said, as it may be shown: secrets masked, nothing hidden."""
    text = visible(ran.output.decode("utf-8", "replace").replace("\r\n", "\n"))
    return mask(text, "output.txt").text[-SHOWN:].strip()
