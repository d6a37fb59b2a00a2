"""Writes a support bundle: one archive that its reader can look through before it is sent."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError
from django.utils import timezone

from appliance.web.support import parts
from appliance.web.support.logs import newest_lines, reduced
from appliance.web.support.words import LEFT_OUT, Words, words

README = f"""\
A support bundle of Plumbline, made {{at}}. Look through it before you send it: all of it is text.

versions.json       of the product's packages, the database, the system
settings.json       which settings are set; values only of numbers and of words of the documentation
checks.json         what `manage.py doctor` says
counts.json         rows of each table, bytes of each folder, audited actions by kind
jobs.json           the newest jobs; sources by number, errors by code
measurements.prom   what Prometheus is told
logs/               messages of the product with numbers in their places

Left out: code, questions, answers, paths, names of people, groups, sources and branches, addresses,
secrets. A text keeps only words that stand in the product's own code; "{LEFT_OUT}" stands for others.
"""


class BundleRefused(Exception):
    """The bundle cannot be written; the message says why."""


def write_bundle(file: Path, logs: Sequence[Path] = ()) -> int:
    """Write a bundle, whole and private, and return its size; an existing file is left alone.

    Further logs, such as an export of the journal, are reduced as those of the data folder.
    """
    if file.exists():
        raise BundleRefused(f"{file} is there already. Name a new file.")
    if unread := [str(log) for log in logs if not os.access(log, os.R_OK)]:
        raise BundleRefused(
            f"{', '.join(unread)} cannot be read from here. On hosts put it into the data folder: "
            "commands run as a user of their own, who sees no other."
        )
    if not os.access(file.parent, os.W_OK):
        raise BundleRefused(
            f"{file.parent} is no folder that can be written from here. Name another."
        )
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            fill(stream, logs)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(name, file)  # never over another file
    except FileExistsError:
        raise BundleRefused(f"{file} is there already. Name a new file.") from None
    finally:
        Path(name).unlink()
    return file.stat().st_size


def fill(stream: IO[bytes], logs: Sequence[Path] = ()) -> None:
    """Write the archive; a part that cannot be had says so in its place."""
    allowed = words()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "README.txt", README.format(at=timezone.now().isoformat(timespec="seconds"))
        )
        for name, part in _parts(allowed).items():
            archive.writestr(name, _told(part))
        for number, file in enumerate(_log_files(logs)):
            archive.writestr(f"logs/{_name_of(file, number)}.log", _log(file))


def _parts(allowed: Words) -> dict[str, Callable[[], Any]]:
    return {
        "versions.json": parts.versions,
        "settings.json": parts.settings_told,
        "checks.json": lambda: parts.checks(allowed),
        "counts.json": parts.counts,
        "jobs.json": lambda: {"counts": parts.job_counts(), "newest": parts.jobs()},
        "measurements.prom": parts.measurements,
    }


def _told(part: Callable[[], Any]) -> str:
    try:
        told = part()
    except (DatabaseError, OSError) as exc:  # a broken appliance is what a bundle is for
        told = {"not known": type(exc).__name__}
    if isinstance(told, str):
        return told
    return json.dumps(told, indent=1, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"


def _log_files(more: Sequence[Path]) -> Iterator[Path]:
    folder = Path(settings.PLUMBLINE_HOME) / "logs"
    if folder.is_dir():
        yield from sorted(path for path in folder.glob("*.log") if path.is_file())
    yield from more


KNOWN_LOGS = {
    "model",
    "postgres",
    "scheduler",
    "supervisord",
    "valkey",
    "web",
    "worker",
    "worker-ask",
    "worker-embed",
}


def _name_of(file: Path, number: int) -> str:
    return file.stem if file.stem in KNOWN_LOGS else f"{number}"


def _log(file: Path) -> str:
    try:
        return "".join(f"{line}\n" for line in reduced(newest_lines(file)))
    except OSError as exc:
        return f"not readable: {type(exc).__name__}\n"
