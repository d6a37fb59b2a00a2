"""Ask a question on the command line."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.conversations.answering.choosing import mode_of
from appliance.conversations.answering.events import (
    Answered,
    Event,
    Prompted,
    Question,
    Searched,
    Stepped,
    Written,
)
from appliance.conversations.answering.flow import ANSWERINGS, answer
from appliance.conversations.answering.receipts import Receipt
from appliance.conversations.answering.steps import Step
from appliance.conversations.checking.checks import counted
from appliance.conversations.checking.citations import compile_answer, without_markers
from appliance.conversations.checking.markers import without_unfinished
from appliance.conversations.checking.support import Verdict
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.modes import AUTO, Mode
from appliance.conversations.operating import record_asked, record_given
from appliance.conversations.prompting.salts import cache_salt
from appliance.conversations.recording import budget_of
from appliance.sources.operators import check_ref_name, check_sources, scope_for
from indexer import clients


class Followed(NamedTuple):
    end: Answered
    found: tuple[EvidenceLines, ...]


class Command(BaseCommand):
    help = "Answer a question from the corpus, with citations that were checked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question", metavar="QUESTION")
        parser.add_argument("--source", action="append", default=[], metavar="NAME")
        parser.add_argument("--ref", default="", metavar="REF", help="as of this branch or tag")
        parser.add_argument("--user", metavar="USER", help="as this person; default: everything")
        parser.add_argument(
            "--mode",
            choices=[AUTO, *(mode.value for mode in ANSWERINGS)],
            default=Mode.ANSWER,
            help="auto: the question decides",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            scope = scope_for(options["user"])
            check_sources(options["source"], scope)
            check_ref_name(options["ref"], options["source"], scope)
            question = Question(
                options["question"],
                scope,
                source_names=tuple(options["source"]),
                ref=options["ref"],
                mode=mode_of(options["mode"], options["question"]),
                cache_salt=cache_salt(scope, key=settings.SECRET_KEY),
            )
            record_asked(question, options["user"] or "")
            end, found = self._follow(question, streams=not options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(to_json(end)))
        else:
            self._print_end(end, found)
        if end.error and not end.text:
            sys.exit(1)

    def _follow(self, question: Question, *, streams: bool) -> Followed:
        """Show the answer as it is written; return its end and what the search found."""
        offered: dict[str, EvidenceLines] = {}
        found: tuple[EvidenceLines, ...] = ()
        text = shown = ""
        end: Answered | None = None
        events = answer(question, client=clients.chat, budget=budget_of)
        for event in self._with_steps(events) if streams else events:
            match event:
                case Searched():
                    found = event.evidence
                case Prompted():
                    offered = {piece.handle: piece for piece in event.evidence}
                    record_given(event.evidence)
                case Written() if streams:
                    text += event.text
                    written = compile_answer(without_unfinished(text), offered).text
                    shown = self._show(written.rstrip(), shown)
                case Answered():
                    end = event
        if end is None:
            raise CommandError("The answer did not end.")
        if streams and self._show(end.compiled.text, shown) != end.compiled.text:
            self.stdout.write(f"\n\n{end.compiled.text}")  # a citation did not hold after all
        return Followed(end, found)

    def _with_steps(self, events: Iterable[Event]) -> Iterator[Event]:
        """Hand the events on, and show each step that has ended."""
        for event in events:
            if isinstance(event, Stepped) and not event.step.is_running:
                self.stdout.write(_line_of(event.step))
            yield event

    def _show(self, text: str, shown: str) -> str:
        """Write what has been added to the shown text; return what is shown now."""
        if not text.startswith(shown):
            return shown
        self.stdout.write(text[len(shown) :], ending="")
        self.stdout.flush()
        return text

    def _print_end(self, end: Answered, found: tuple[EvidenceLines, ...]) -> None:
        self.stdout.write("")
        if end.not_found:
            self._print_not_found(end, found)
        if end.receipt.ref:
            self._print_ref(end.receipt)
        for line in (*end.receipt.options, *_citations(end), *_checks(end), *_patches(end)):
            self.stdout.write(line)
        if end.error:
            self.stderr.write(end.error)
        if end.error and not end.text:
            for piece in found:
                self.stdout.write(f"  {piece.place}")

    def _print_not_found(self, end: Answered, found: tuple[EvidenceLines, ...]) -> None:
        names = ", ".join(source.name for source in end.receipt.sources) or "nothing"
        self.stdout.write(f"Not found. Searched: {names}.")
        if found:
            self.stdout.write("Nearest, but no answer:")
        for piece in found:
            self.stdout.write(f"  {piece.place}")
        if end.receipt.experts:
            self.stdout.write("Who may know:")
        for expert in end.receipt.experts:
            what = "owns" if expert.how == "owner" else f"wrote {expert.lines} lines of"
            self.stdout.write(f"  {expert.name} ({what} {expert.path})")

    def _print_ref(self, receipt: Receipt) -> None:
        without = f" (not in {', '.join(receipt.lacking)})" if receipt.lacking else ""
        self.stdout.write(f"As of {receipt.ref}{without}.")


def _line_of(step: Step) -> str:
    detail = f": {step.detail}" if step.detail else ""
    return f"{step.number}. {step.title}{detail} ({step.seconds:.1f} s)"


def _citations(end: Answered) -> Iterator[str]:
    for piece in end.compiled.cited:
        yield f"[{piece.handle}] {piece.place}"


def _checks(end: Answered) -> Iterator[str]:
    """Yield what the checks of the answer found, a sentence for each kind."""
    counts = counted(end.compiled.judgements)
    if counts.struck:
        yield (
            "1 citation did not hold and was removed."
            if counts.struck == 1
            else f"{counts.struck} citations did not hold and were removed."
        )
    if counts.moved:
        yield f"{counts.moved} moved to the lines that hold what the sentence names."
    for judgement in end.compiled.judgements:
        if judgement.verdict is Verdict.UNSUPPORTED:
            sentence = without_markers(judgement.sentence.text).strip()
            yield f"Not supported: {sentence}"
    if end.compiled.unknown:
        yield f"Occurs nowhere: {', '.join(end.compiled.unknown)}."


def _patches(end: Answered) -> Iterator[str]:
    """Yield what the checks of proposed changes found."""
    for patch in end.patches:
        yield f"Change of {patch['source'] or 'no known source'}: {patch['state']}."
        for check in patch["checks"]:
            yield f"  {check['name']}: {check['verdict']}. {check['reason']}"


def to_json(end: Answered) -> dict[str, object]:
    """Return the answer in the form that scripts rely on."""
    return {
        "answer": end.compiled.text,
        "citations": [_citation(piece) for piece in end.compiled.cited],
        "checks": {
            **asdict(counted(end.compiled.judgements)),
            "unknown": list(end.compiled.unknown),
        },
        "not_found": end.not_found,
        "receipt": end.receipt.to_json(),
        "steps": [step.shown() for step in end.steps],
        "patches": list(end.patches),
        "usage": {
            "prompt_tokens": end.usage.prompt_tokens if end.usage else None,
            "completion_tokens": end.usage.completion_tokens if end.usage else None,
        },
        "seconds": end.seconds,
        **({"error": end.error} if end.error else {}),
    }


def _citation(piece: EvidenceLines) -> dict[str, object]:
    return {
        "handle": piece.handle,
        "source": piece.source,
        "path": piece.path,
        "commit": piece.commit,
        "start_line": piece.span.start_line,
        "end_line": piece.span.end_line,
        "state": "moved" if piece.moved_from else "verified",
    }
