"""The comparison as two files, for programs and for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inference.quantization.comparison.judging import PARTS
from inference.quantization.comparison.values import Comparison, Pair

JSON, MARKDOWN = "report.json", "report.md"


def told(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as the manifest and report.json hold it."""
    return asdict(comparison) | {"promoted": comparison.promoted}


def write_report(folder: Path, comparison: Comparison, *, before: str, after: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"before": before, "after": after, **told(comparison)}, indent=2)
    (folder / JSON).write_text(text + "\n", encoding="utf-8")
    lines = "\n".join(lines_of(comparison, before=before, after=after))
    (folder / MARKDOWN).write_text(lines + "\n", encoding="utf-8")


def lines_of(comparison: Comparison, *, before: str, after: str) -> Iterator[str]:
    yield f"# {after} against {before}"
    yield ""
    yield "**Promoted.**" if comparison.promoted else "**Not promoted:**"
    yield from (f"- {reason}" for reason in comparison.refused)
    yield ""
    yield "| | Before | After | Change | Bar |"
    yield "|---|---|---|---|---|"
    yield from _rows(comparison)
    yield ""
    yield f"Measured with {comparison.how}."
    if comparison.lost:
        yield f"Solved before only: {', '.join(comparison.lost)}."
    if comparison.gained:
        yield f"Solved after only: {', '.join(comparison.gained)}."


def _rows(comparison: Comparison) -> Iterator[str]:
    bars = comparison.bars
    for part, pair in comparison.perplexity.items():
        yield (
            f"| Perplexity, {PARTS[part]} | {pair.before:.3f} | {pair.after:.3f} | {_change(pair)} | "
            f"at most {bars.perplexity_rise:+.1%} |"
        )
    yield (
        f"| Same word expected | | {comparison.expected_agreement:.1%} | | "
        f"at least {bars.expected_agreement:.1%} |"
    )
    first = comparison.first_difference
    differ = "" if first is None else f"; first difference at token {first:.0f} (median)"
    yield (
        f"| Greedy answers | | {comparison.answers_equal} of {comparison.answers} equal{differ} | "
        f"{comparison.answer_agreement:.1%} of tokens equal | |"
    )
    if comparison.problems:
        passed = comparison.passed
        yield (
            f"| HumanEval pass@1, {comparison.problems} problems | {passed.before:.1%} | {passed.after:.1%} | "
            f"{100 * (passed.after - passed.before):+.1f} points | at most -{100 * bars.passed_loss:.1f} |"
        )
    speed, size = comparison.tokens_per_s, comparison.weight_bytes
    yield f"| Tokens/s, one answer (not the speed of serving) | {speed.before:.1f} | {speed.after:.1f} | | |"
    yield f"| Weights | {size.before / 1e6:,.0f} MB | {size.after / 1e6:,.0f} MB | {_change(size)} | |"


def _change(pair: Pair) -> str:
    return f"{pair.after / pair.before - 1:+.1%}" if pair.before else ""
