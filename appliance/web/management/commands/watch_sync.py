"""Tell how far the sync of a source is, line by line, until it has ended."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from indexer.models import Job, Revision, Source

PAUSE_S = 0.5
PHASES = {"fetch": "fetching", "read": "reading and splitting", "embed": "computing vectors"}
STEP_PERCENT = 20


class Command(BaseCommand):
    help = "Show a running sync until it has ended; exit code 1 when it failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        source = Source.objects.filter(name=options["name"]).first()
        if source is None:
            raise CommandError(f"there is no source {options['name']}")
        seen: list[str] = []
        while True:
            # The job first: what it says last is then certainly in the revision.
            job = source.jobs.first()
            for line in lines_of(job, latest_revision(source)):
                if line not in seen:
                    seen.append(line)
                    self.stdout.write(line)
                    self.stdout.flush()
            if job is None or job.state == Job.State.DONE:
                return
            if job.state == Job.State.FAILED:
                raise CommandError(f"the sync failed: {job.error}")
            time.sleep(PAUSE_S)


def latest_revision(source: Source) -> Revision | None:
    return Revision.objects.filter(ref__source=source).first()


def lines_of(job: Job | None, revision: Revision | None) -> list[str]:
    """Return what can be said now; a line that was said before is not said again."""
    lines = [phase_line(job)] if job and job.phase else []
    if revision:
        size = f"{revision.files} files, {revision.chunks} chunks"
        lines.append(f"searchable by words: {size}, {revision.seconds_lexical:.1f} s")
        if revision.seconds_vector is not None:
            lines.append(f"searchable by meaning: {revision.seconds_vector:.1f} s")
    return lines


def phase_line(job: Job) -> str:
    phase = PHASES.get(job.phase, job.phase)
    if job.percent is None:
        return phase
    return f"{phase}, {job.percent // STEP_PERCENT * STEP_PERCENT}% done"
