"""Verify, export and keep the record on the command line."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.audit import heads, keys, pruning
from appliance.audit.actions import Action
from appliance.audit.exporting import FORMATS, events_between, lines_of
from appliance.audit.holds import kept_by, lift_hold, set_hold, what_is_kept
from appliance.audit.models import Hold
from appliance.audit.policy import hash_text
from appliance.audit.recording import record
from appliance.audit.verifying import Report, verify


class Command(BaseCommand):
    help = (
        "Look whether the record of what was done is whole; export it; hold it back from removal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        does = parser.add_subparsers(dest="does", required=True)
        check = does.add_parser("verify", help="name the first record that is not as it must be")
        check.add_argument("--from", dest="first", type=int, default=1, metavar="N")
        check.add_argument("--head", type=Path, metavar="FILE", help="heads kept elsewhere")
        check.add_argument("--json", action="store_true")
        export = does.add_parser("export", help="write the records as JSON lines")
        export.add_argument("--since", type=_moment, metavar="DATE")
        export.add_argument("--until", type=_moment, metavar="DATE")
        export.add_argument("--format", choices=sorted(FORMATS), default="ocsf")
        export.add_argument("--out", type=Path, metavar="FILE")
        does.add_parser("head", help="sign how far the record goes, and print it")
        does.add_parser("key", help="print the public key that the record is verified with")
        does.add_parser("prune", help="remove what is older than PLUMBLINE_AUDIT_DAYS")
        asked = does.add_parser("hash", help="print the hash under which a question is recorded")
        asked.add_argument("text")
        for name, help_text in (("hold", "keep records about"), ("release", "lift a hold on")):
            hold = does.add_parser(name, help=f"{help_text} a person or thing")
            hold.add_argument("kind", choices=Hold.Kind.values)
            hold.add_argument("name")
            hold.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        acts: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "verify": self._verify,
            "export": self._export,
            "head": self._head,
            "key": lambda _: self.stdout.write(keys.public_pem(), ending=""),
            "prune": lambda _: self.stdout.write(f"{pruning.prune_expired()} records removed."),
            "hash": lambda given: self.stdout.write(hash_text(given["text"])),
            "hold": self._hold,
            "release": self._release,
        }
        acts[options["does"]](options)

    def _verify(self, options: dict[str, Any]) -> None:
        file: Path | None = options["head"]
        if file is not None and not heads.read_heads(file):
            raise CommandError(f"There is no signed head in {file}.")
        first = options["first"]
        known = [head for head in heads.known_heads(file) if head.sequence >= first]
        report = verify(first=first, heads=known)
        self.stdout.write(json.dumps(asdict(report)) if options["json"] else _sentence(report))
        if report.problem:
            sys.exit(1)

    def _export(self, options: dict[str, Any]) -> None:
        """Record the export first: it is part of what is exported."""
        told = {name: str(options[name]) for name in ("since", "until", "format") if options[name]}
        record(Action.AUDIT_EXPORTED, details=told)
        lines = lines_of(events_between(options["since"], options["until"]), options["format"])
        if options["out"] is None:
            for line in lines:
                self.stdout.write(line)
            return
        count = 0
        with options["out"].open("x", encoding="utf-8") as stream:
            for count, line in enumerate(lines, start=1):  # noqa: B007  the last one is the count
                stream.write(f"{line}\n")
        self.stdout.write(f"{count} records written to {options['out']}.")

    def _head(self, options: dict[str, Any]) -> None:
        heads.sign_head()
        known = heads.heads_of_table()
        if not known:
            raise CommandError("Nothing has been recorded yet.")
        self.stdout.write(json.dumps(heads.to_json(known[-1].row)))

    def _hold(self, options: dict[str, Any]) -> None:
        hold = set_hold(options["kind"], options["name"], options["reason"])
        self.stdout.write(what_is_kept(hold, kept_by(hold)))

    def _release(self, options: dict[str, Any]) -> None:
        standing = Hold.objects.filter(kind=options["kind"], name=options["name"], lifted_at=None)
        if not standing:
            raise CommandError(f"There is no hold on {options['kind']} {options['name']}.")
        for hold in standing:
            lift_hold(hold, options["reason"])
        self.stdout.write("The hold is lifted.")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sentence(report: Report) -> str:
    if report.problem:
        return f"{report.problem.sentence}\n{report.checked} records before it are whole."
    head = f"the newest signed head is that of record {report.head}" if report.head else "no head"
    return f"{report.checked} records are whole, to record {report.last}; {head}."
