"""What became of the citations of one answer, and whether those that survive hold by another way.

The other way is git: the lines are read with `git show COMMIT:PATH` and compared with what the page
would show, and what the sentence names must stand in them (or in the path, or in the signature line
of what encloses them).
"""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.local.scripted_answers import Said

if TYPE_CHECKING:
    from appliance.conversations.answering.events import Answered

TICKED = re.compile(r"`([^`\n]+)`")
WORD = re.compile(r"[A-Za-z_]\w+")
COUNTED = (
    "made", "kept", "moved", "struck", "supported", "doubtful", "unsupported", "unknown_names",
    "checked_citations",
)  # fmt: skip
Line = dict[str, Any]


def line_of(end: Answered, clones: Mapping[str, Path], said: Sequence[Said] = ()) -> Line:
    """Return all that is measured of one answer."""
    line: Line = {"seconds": end.seconds, "answered": bool(end.text), "not_found": end.not_found}
    line |= {"error": end.error, **_counted(end), **_timed(end)}
    cited, failed = _checked(end, clones)
    return line | {"checked_citations": cited, "failed": failed, "outcomes": _sorted(end, said)}


def summed(lines: Sequence[Line]) -> dict[str, object]:
    """Return the figures over many answers."""
    given = [line for line in lines if line["answered"]]
    result: dict[str, object] = {
        "asked": len(lines),
        "answers": len(given),
        "not_found": sum(line["not_found"] for line in lines),
        "errors": sum(bool(line["error"]) for line in lines),
        "with_a_citation": sum(line["made"] > line["struck"] for line in given),
        **{name: sum(line[name] for line in given) for name in COUNTED},
        "failed_checks": sum(len(line["failed"]) for line in given),
    }
    for name in ("compile_ms", "guard_ms", "seconds"):
        spent = sorted(line[name] for line in given) or [0.0]
        result[f"{name}_median"] = round(statistics.median(spent), 2)
        result[f"{name}_p95"] = round(spent[int(len(spent) * 0.95) - 1], 2)
        result[f"{name}_worst"] = round(spent[-1], 2)
    outcomes: dict[str, Counter[str]] = {}
    for line in given:
        for plan, counts in line["outcomes"].items():
            outcomes.setdefault(plan, Counter()).update(counts)
    return result | {"outcomes": {plan: dict(counts) for plan, counts in outcomes.items()}}


def _counted(end: Answered) -> Line:
    from appliance.conversations.checking.checks import counted

    counts = counted(end.compiled.judgements)
    return {
        "made": counts.made,
        "moved": counts.moved,
        "struck": counts.struck,
        "kept": counts.made - counts.struck - counts.moved,
        "supported": counts.supported,
        "doubtful": counts.doubtful,
        "unsupported": counts.unsupported,
        "unknown_names": len(end.compiled.unknown),
    }


def _timed(end: Answered) -> Line:
    """Compile the same answer once more, alone: the documents are read anew too."""
    from appliance.conversations.checking.citations import compile_judged
    from appliance.conversations.checking.guarding import Known, unknown_names
    from appliance.conversations.checking.judging import judge_answer
    from appliance.conversations.evidence import Documents
    from appliance.sources.access import operator_scope

    offered = {piece.handle: piece for piece in end.offered}
    started = time.perf_counter()
    documents = Documents(frozenset(piece.blob_id for piece in offered.values()))
    judgements = judge_answer(end.text, offered, documents)
    compile_judged(judgements)
    compiled = time.perf_counter()
    known = Known.of([piece.text for piece in offered.values()])
    unknown_names([one.sentence for one in judgements], known=known, scope=operator_scope())
    guarded = time.perf_counter()
    return {"compile_ms": (compiled - started) * 1000, "guard_ms": (guarded - compiled) * 1000}


def _checked(end: Answered, clones: Mapping[str, Path]) -> tuple[int, list[str]]:
    """Check every surviving citation by what git itself has at its commit; return how many there
    are, and a complaint for each that does not hold."""
    cited, failed = 0, []
    for judgement in end.compiled.judgements:
        shown: list[str] = []
        clauses: list[str] = []
        before = judgement.sentence.start
        for one in judgement.citations:
            if one.pieces:
                clauses.append(end.text[before : one.start])
            before = one.end
            for piece in one.pieces:
                cited += 1
                lines = _git_lines(clones[piece.source], piece.commit, piece.path)
                expected = lines[piece.span.start_line - 1 : piece.span.end_line]
                if expected != piece.text.split("\n"):
                    failed.append(f"other lines: {piece.place}")
                shown += [*expected, piece.path, piece.symbol]
        # Of a sentence that is marked as not supported, the clauses that kept their citations.
        is_whole = judgement.verdict.value != "unsupported"
        said = judgement.sentence.text if is_whole else "\n".join(clauses)
        if shown and not judgement.sentence.is_code:
            failed += _not_shown(said, "\n".join(shown))
    return cited, failed


def _not_shown(sentence: str, shown: str) -> Iterator[str]:
    """Yield a complaint for each name between backticks that no cited line holds."""
    folded = re.sub(r"[\W_]+", "", shown).casefold()
    yield from (
        f"{name!r} is not in the lines cited for {sentence.strip()[:120]!r}"
        for ticked in TICKED.findall(sentence)
        for name in WORD.findall(ticked)
        if re.sub(r"_", "", name).casefold() not in folded and not _is_keyword(name)
    )


def _is_keyword(name: str) -> bool:
    from appliance.conversations.checking.mentions import KEYWORDS

    return name in KEYWORDS


def _git_lines(clone: Path, commit: str, path: str) -> list[str]:
    done = subprocess.run(
        ["git", f"--git-dir={clone}", "show", f"{commit}:{path}"], capture_output=True, check=True
    )
    return done.stdout.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")


def _sorted(end: Answered, said: Sequence[Said]) -> dict[str, dict[str, int]]:
    """Return what became of each sentence of a script, by its plan."""
    by_text = {one.sentence.text.strip(): one for one in end.compiled.judgements}
    outcomes: dict[str, Counter[str]] = {}
    for one in said:
        judgement = by_text.get(one.text)
        if judgement is not None:
            outcome = outcomes.setdefault(one.plan, Counter())
            outcome[judgement.verdict.value] += 1
            outcome["name marked"] += one.name in end.compiled.unknown
    return {plan: dict(outcome) for plan, outcome in outcomes.items()}
